(value, budget) => {
  // Any value as strict JSON of at most so many characters; what JSON has no word for is named.
  let left = budget;
  let cut = false;
  const seen = new Set();
  const named = (text) => { left -= text.length + 2; return JSON.stringify(text); };
  const string = (text) => {
    if (text.length > left) { cut = true; text = text.slice(0, Math.max(left, 0)); }
    const made = JSON.stringify(text.toWellFormed ? text.toWellFormed() : text);
    left -= made.length;
    return made;
  };
  const kinds = {
    string,
    number: (n) => { left -= 8; return Number.isFinite(n) ? String(Object.is(n, -0) ? 0 : n) : `"${n}"`; },
    boolean: (b) => { left -= 5; return String(b); },
    undefined: () => { left -= 4; return 'null'; },
    bigint: (b) => named(`${b}n`),
    symbol: (s) => named(String(s)),
    function: (f) => named(`[function ${String(f.name).slice(0, 100)}]`),
  };
  const special = (o) => {
    if (o instanceof Error) return string(`${o.name}: ${o.message}`);
    if (o instanceof Date) return string(Number.isNaN(o.getTime()) ? 'Invalid Date' : o.toISOString());
    if (o instanceof RegExp) return string(String(o));
    if (typeof Node === 'function' && o instanceof Node) return string(`[${o.nodeName.toLowerCase()}]`);
    return null;
  };
  const visit = (v, depth) => {
    if (left <= 0) { cut = true; return 'null'; }
    if (v === null) { left -= 4; return 'null'; }
    if (typeof v !== 'object') return kinds[typeof v](v);
    const known = special(v);
    if (known !== null) return known;
    if (seen.has(v)) return named('[cyclic]');
    if (depth > 60) { cut = true; return named('[deeper]'); }
    seen.add(v);
    const made = compound(v, depth);
    seen.delete(v);
    return made;
  };
  const compound = (v, depth) => {
    const out = [];
    const list = Array.isArray(v) || ArrayBuffer.isView(v) || v instanceof Set;
    if (list) {
      for (const item of v) { if (left <= 0) { cut = true; break; } left -= 1; out.push(visit(typeof item === 'undefined' ? null : item, depth + 1)); }
      return `[${out.join(',')}]`;
    }
    const entries = v instanceof Map ? v.entries() : Object.keys(v).map((k) => [k, v[k]]);
    for (const [key, item] of entries) {
      if (left <= 0) { cut = true; break; }
      const name = string(String(key));
      left -= 2;
      out.push(`${name}:${visit(item, depth + 1)}`);
    }
    return `{${out.join(',')}}`;
  };
  const json = visit(value, 0);
  return { json, cut };
}
