(() => {
  // What is known of a document, or of a part of it with its open shadow roots, before it is read. It runs before every
  // snapshot, so it is short; in the page, so the page can lie to it, about itself only.
  const PRIVATE = /(^|\s)(cc-[a-z-]+|one-time-code|current-password|new-password)(\s|$)/i;
  const survey = (limits, start = document) => {
    const found = { nodes: 0, chars: 0, fields: 0, values: [], masked: 0, blind: false, title: document.title.slice(0, 500) };
    const field = (e) => {
      if (e.type !== 'password' && !PRIVATE.test(e.getAttribute('autocomplete') || '')) return;
      found.fields += 1;
      if (!e.value) return;
      // More than can be looked for.
      if (e.value.length > 1000 || found.values.length >= 100) found.blind = true;
      else found.values.push(e.value);
    };
    const roots = [start];
    while (roots.length) {
      const walker = document.createTreeWalker(roots.pop(), NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const node = walker.currentNode;
        found.nodes += 1;
        if (node.nodeType === 3) found.chars += node.data.length;
        else {
          if (node.tagName === 'INPUT' || node.tagName === 'TEXTAREA') field(node);
          if (node.shadowRoot) roots.push(node.shadowRoot);
          if (node.hasAttribute('data-mcp-mask')) found.masked += 1;
        }
        if (found.nodes > limits.nodes || found.chars > limits.chars) return found;
      }
    }
    return found;
  };
  return { survey, part: (root, limits) => survey(limits, root) };
})()
