"""How a page performs, by its own record, and what networks can be emulated."""

from typing import Any, Literal

Profile = Literal["none", "offline", "slow-3g", "fast-3g", "4g"]

_MEGABIT = 125_000
PROFILES: dict[Profile, dict[str, Any]] = {
    "none": {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
    "offline": {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
    "slow-3g": {"offline": False, "latency": 2000, "downloadThroughput": 50_000, "uploadThroughput": 50_000},
    "fast-3g": {"offline": False, "latency": 560, "downloadThroughput": 180_000, "uploadThroughput": 84_375},
    "4g": {
        "offline": False,
        "latency": 170,
        "downloadThroughput": 9 * _MEGABIT,
        "uploadThroughput": int(1.5 * _MEGABIT),
    },
}

# Entries that were buffered before anybody asked; observers hand them out in their own time.
MEASURE = """async () => {
  const observed = (type, more) => new Promise((done) => {
    const found = [];
    try {
      const observer = new PerformanceObserver((list) => found.push(...list.getEntries()));
      observer.observe({ type, buffered: true, ...more });
      setTimeout(() => { found.push(...observer.takeRecords()); observer.disconnect(); done(found); }, 60);
    } catch { done(found); }
  });
  const [lcp, shifts, events] = await Promise.all([
    observed('largest-contentful-paint'), observed('layout-shift'), observed('event', { durationThreshold: 16 })]);
  const [nav] = performance.getEntriesByType('navigation');
  const resources = performance.getEntriesByType('resource');
  const last = lcp[lcp.length - 1];
  const round = (n) => (n === undefined ? null : Math.round(n * 1000) / 1000);
  return {
    lcpMs: last ? round(last.startTime) : null,
    cls: round(shifts.filter((s) => !s.hadRecentInput).reduce((sum, s) => sum + s.value, 0)),
    inpMs: events.length ? Math.max(...events.map((e) => e.duration)) : null,
    ttfbMs: nav ? round(nav.responseStart) : null,
    domContentLoadedMs: nav ? round(nav.domContentLoadedEventEnd) : null,
    loadMs: nav ? round(nav.loadEventEnd) : null,
    resources: resources.length,
    transferredBytes: resources.reduce((sum, r) => sum + (r.transferSize || 0), nav ? nav.transferSize : 0),
  };
}"""
