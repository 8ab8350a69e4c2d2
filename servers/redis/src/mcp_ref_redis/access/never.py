"""What no mode, flag or list allows a caller, and the few names that the rule of flags says too little about. Data.

A name stands for all its sub-commands; `NAME|SUB` for one.
"""

from collections.abc import Mapping

# They change the connection that other calls share: its user, database, protocol, transaction, or what it receives.
# RESET is permitted to every user by the engine, and makes `default` of a limited one.
SHARED_CONNECTION = frozenset(
    {
        *("RESET", "HELLO", "AUTH", "QUIT", "SELECT", "MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH"),
        *("CLIENT|REPLY", "CLIENT|TRACKING", "CLIENT|CACHING", "CLIENT|SETNAME", "CLIENT|SETINFO", "CLIENT|CAPA"),
        *("CLIENT|NO-EVICT", "CLIENT|NO-TOUCH", "CLIENT|IMPORT-SOURCE", "READONLY", "READWRITE", "ASKING"),
        *("SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "MONITOR"),
    }
)
# They reach other clients, the process, its files, its replicas or its code.
PROCESS = frozenset(
    {
        *("CLIENT|PAUSE", "CLIENT|UNPAUSE", "CLIENT|KILL", "CLIENT|UNBLOCK"),
        *("SHUTDOWN", "DEBUG", "SAVE", "BGSAVE", "BGREWRITEAOF", "MODULE", "PFDEBUG", "PFSELFTEST"),
        *("REPLICAOF", "SLAVEOF", "FAILOVER", "SYNC", "PSYNC", "REPLCONF", "WAIT", "WAITAOF", "RESTORE-ASKING"),
        *("EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO", "SCRIPT", "FUNCTION"),
        *("FT.CONFIG", "FT.DEBUG", "FT.DROPINDEX", "FT.DROP", "FT._DROPIFX", "FT._DROPINDEXIFX"),
        *("JSON.DEBUG", "BF.DEBUG", "CF.DEBUG", "TFUNCTION", "TFCALL", "TFCALLASYNC"),
        # They take the memory of a filter as it is given, as RESTORE does (CVE-2024-25115).
        *("BF.LOADCHUNK", "CF.LOADCHUNK"),
        *("CONFIG|REWRITE", "CONFIG|RESETSTAT", "ACL", "CLUSTER", "SENTINEL"),
        # LCS needs memory as the product of two values' sizes; MOVE leaves the database that was configured.
        *("LCS", "STRALGO", "MOVE"),
    }
)
NEVER = SHARED_CONNECTION | PROCESS
# What modules keep for themselves, and for the nodes of their clusters: TIMESERIES.CLUSTERSET connects to any host.
NEVER_BEGINNINGS = ("_", "TIMESERIES.", "SEARCH.", "RG.", "REDISGEARS")
# The forms of those that only read.
BUT = frozenset(
    {
        *("ACL|WHOAMI", "ACL|DRYRUN"),
        *("CLUSTER|INFO", "CLUSTER|NODES", "CLUSTER|SLOTS", "CLUSTER|SHARDS", "CLUSTER|LINKS", "CLUSTER|KEYSLOT"),
        *("CLUSTER|COUNTKEYSINSLOT", "CLUSTER|GETKEYSINSLOT", "CLUSTER|MYID", "CLUSTER|SLOT-STATS"),
    }
)

# Flags are not the whole truth: PFCOUNT rewrites the cardinality in the value, TOUCH the order of eviction.
NOT_ONLY_READING = frozenset({"PFCOUNT", "TOUCH"})
# Words that let a command that only reads leave something in the engine.
LEAVES_BEHIND: Mapping[str, str] = {"FT.AGGREGATE": "WITHCURSOR"}
# They carry no flag `readonly`, and change nothing.
HARMLESS = frozenset({"PING", "ECHO", "TIME", "ACL|WHOAMI"})
# Of what the rule refuses, what admin mode allows beside it.
FOR_ADMINS = frozenset(
    {
        *("FLUSHDB", "CONFIG|GET", "CONFIG|SET", "CLIENT|LIST", "ACL|DRYRUN", "INFO"),
        *("LATENCY|DOCTOR", "LATENCY|GRAPH", "LATENCY|HISTOGRAM", "LATENCY|HISTORY", "LATENCY|LATEST", "LATENCY|RESET"),
        *("SLOWLOG|GET", "SLOWLOG|LEN", "SLOWLOG|RESET"),
        *("COMMANDLOG|GET", "COMMANDLOG|LEN", "COMMANDLOG|RESET"),
    }
)
SETTABLE = ("notify-keyspace-events", "maxmemory", "maxmemory-policy")
SETTABLE_BEGINNINGS = ("slowlog-",)
# A value of CONFIG GET under a name with one of these in it is a secret.
SECRET_NAMES = ("pass", "auth", "secret", "user")

FORBIDDEN_CATEGORIES = frozenset({"@dangerous", "@admin", "@scripting", "@pubsub", "@connection", "@transaction"})
# Where to go instead.
INSTEAD: Mapping[str, str] = {
    "KEYS": "Use scan_keys, which does not stop the server for everyone.",
    "SORT_RO": "Read the key with read_key and sort what comes.",
    "SORT": "Read the key with read_key and sort what comes.",
    "PFCOUNT": "It rewrites the value; it works with --mode read-write.",
    "XREAD": "Use stream_read, which waits on a connection of its own.",
    "XREADGROUP": "Use stream_groups, or leave BLOCK out.",
    "BLPOP": "Use update_key with pop_left, or stream_read to wait for entries.",
    "BRPOP": "Use update_key with pop_right, or stream_read to wait for entries.",
    "INFO": "Use server_info.",
    "FLUSHDB": "Use delete_keys with a pattern; FLUSHDB itself needs --mode admin.",
    "SUBSCRIBE": "Use collect_messages.",
    "PSUBSCRIBE": "Use collect_messages.",
    "PUBLISH": "Use the tool publish.",
    "EVAL": "Use run_script, in --mode admin.",
    "EVAL_RO": "Use run_script, in --mode admin.",
    "FT.DROPINDEX": "Use manage_index.",
    "MULTI": "Use the tool pipeline with atomic.",
    "EXEC": "Use the tool pipeline with atomic.",
    "SLOWLOG|GET": "Use slow_log.",
    "CLIENT|LIST": "Use client_list.",
}
