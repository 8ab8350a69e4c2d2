"""What is known of the commands of modules: which of them only read, and which name all their keys. Data.

Their flags and key specifications are their authors' word, and often wrong: FT.DICTADD, FT.DEBUG and
TIMESERIES.CLUSTERSET say `readonly`; JSON.MGET names one key of many; all of them, that they would change their keys.
"""

from collections.abc import Iterator, Mapping

_READING: Mapping[str, str] = {
    "JSON.": "GET MGET TYPE STRLEN ARRLEN ARRINDEX OBJKEYS OBJLEN RESP",
    "FT.": "_LIST INFO SEARCH AGGREGATE EXPLAIN EXPLAINCLI PROFILE SPELLCHECK TAGVALS SUGGET SUGLEN SYNDUMP DICTDUMP "
    "GET MGET HYBRID",
    "TS.": "GET INFO RANGE REVRANGE MGET MRANGE MREVRANGE QUERYINDEX",
    "BF.": "EXISTS MEXISTS INFO CARD",
    "CF.": "EXISTS MEXISTS COUNT INFO",
    "CMS.": "QUERY INFO",
    "TOPK.": "QUERY LIST INFO",
    "TDIGEST.": "MIN MAX INFO QUANTILE CDF RANK REVRANK BYRANK BYREVRANK TRIMMED_MEAN",
    "V": "SIM LINKS EMB CARD INFO GETATTR RANDMEMBER DIM ISMEMBER RANGE",
}


def _names() -> Iterator[str]:
    return (family + name for family, names in _READING.items() for name in names.split())


# They change nothing: what DUMP says of a key stays the same.
READING = frozenset(_names())
# Of these families every key is where the specification says ...
_KEPT_APART = ("JSON.", "TS.", "BF.", "CF.", "CMS.", "TOPK.", "TDIGEST.")
_OF_VECTORS = frozenset({"VADD", "VREM", "VSETATTR", *(name for name in READING if name.startswith("V"))})
# ... but of these commands, which name more keys than that.
_MANY_KEYS = frozenset({"JSON.MGET", "CMS.MERGE", "TDIGEST.MERGE", "TS.CREATERULE", "TS.DELETERULE"})


def names_all_keys(name: str) -> bool:
    """Whether the key specifications of a module's command name every key that it reaches.

    An index of the search module reaches documents whatever it is called itself.
    """
    return (name.startswith(_KEPT_APART) or name in _OF_VECTORS) and name not in _MANY_KEYS
