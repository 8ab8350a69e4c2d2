(() => {
  // What is collected from one document. It runs in the page, so the page can lie to it, about itself only.
  const PRIVATE = /(^|\s)(cc-[a-z-]+|one-time-code|current-password|new-password)(\s|$)/i;
  const SKIPPED = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE', 'HEAD', 'SVG', 'svg', 'OBJECT', 'EMBED', 'CANVAS']);
  const BLOCKS = new Set(['ADDRESS', 'ARTICLE', 'ASIDE', 'BLOCKQUOTE', 'DETAILS', 'DIALOG', 'DD', 'DIV', 'DL', 'DT',
    'FIELDSET', 'FIGCAPTION', 'FIGURE', 'FOOTER', 'FORM', 'HEADER', 'HR', 'LI', 'MAIN', 'NAV', 'OL', 'P', 'PRE',
    'SECTION', 'TABLE', 'UL', 'TR', 'BODY', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6']);
  const HOLDERS = new Set(['INPUT', 'TEXTAREA']);
  const isPrivate = (e) => e.type === 'password' || PRIVATE.test(e.getAttribute('autocomplete') || '');

  const hidden = (e) => {
    if (e.hidden || e.getAttribute('aria-hidden') === 'true') return true;
    const style = getComputedStyle(e);
    return style.display === 'none' || style.visibility === 'hidden';
  };
  const squeezed = (text) => text.replace(/[ \t\r\n\f]+/g, ' ');

  // Whether an element, or something that it is in, is under a mask.
  const veiled = (e) => {
    for (let n = e; n && n.nodeType === 1; n = n.parentElement || n.getRootNode().host) {
      if (n.hasAttribute('data-mcp-mask')) return true;
    }
    return false;
  };

  // The text of an element as it stands, without recursion: for what is preformatted, or too deep for anything else.
  const plainly = (root, most) => {
    const refused = (n) => n.nodeType === 1 && (SKIPPED.has(n.tagName) || n.hasAttribute('data-mcp-mask'));
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT,
      (n) => (refused(n) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT));
    let text = '';
    while (text.length < most && walker.nextNode()) if (walker.currentNode.nodeType === 3) text += walker.currentNode.data;
    return text.slice(0, most);
  };

  // The readable text of an element; Markdown keeps headings, links, lists, tables and code.
  const text = (root, options) => {
    const md = options.markdown;
    const out = { text: '', nodes: 0 };
    const add = (piece) => { if (out.text.length < options.chars) out.text += piece; };
    const block = () => { if (out.text && !out.text.endsWith('\n\n')) add(out.text.endsWith('\n') ? '\n' : '\n\n'); };
    const line = () => { if (out.text && !out.text.endsWith('\n')) add('\n'); };
    // What one control says does not run into what the next one does.
    const apart = (say) => { if (out.text && !/\s$/.test(out.text)) add(' '); say(); add(' '); };
    const inline = (e) => { const kept = out.text; out.text = ''; children(e, 1); const made = out.text; out.text = kept; return squeezed(made).trim(); };
    const children = (e, depth) => {
      for (let n = (e.shadowRoot || e).firstChild; n; n = n.nextSibling) {
        if (out.text.length >= options.chars) return;
        visit(n, depth);
      }
    };
    const cells = (row) => [...row.cells].filter((c) => !hidden(c))
      .map((c) => (veiled(c) ? '[masked]' : inline(c).replace(/\|/g, '\\|')));
    const table = (e) => {
      const rows = [...e.rows].slice(0, 5000);
      if (!rows.length) return;
      block();
      rows.forEach((row, i) => {
        const made = cells(row);
        add(md ? `| ${made.join(' | ')} |\n` : `${made.join('\t')}\n`);
        if (md && i === 0) add(`|${made.map(() => ' --- ').join('|')}|\n`);
      });
      add('\n');
    };
    const special = {
      BR: () => add('\n'),
      HR: () => { block(); add(md ? '---\n\n' : '\n'); },
      TABLE: table,
      PRE: (e) => { block(); add(md ? '```\n' + plainly(e, options.chars) + '\n```\n\n' : plainly(e, options.chars) + '\n\n'); },
      IMG: (e) => { const alt = e.getAttribute('alt'); if (alt) add(md ? `![${squeezed(alt)}]` : squeezed(alt)); },
      BUTTON: (e, depth) => apart(() => children(e, depth + 1)),
      TEXTAREA: (e) => apart(() => add(isPrivate(e) ? '[masked]' : squeezed(e.value))),
      SELECT: (e) => apart(() => add([...e.selectedOptions].map((o) => o.label).join(', '))),
      INPUT: (e) => {
        if (e.type === 'hidden' || e.type === 'file' || !e.value) return;
        apart(() => add(isPrivate(e) ? '[masked]' : squeezed(e.value)));
      },
      A: (e, depth) => {
        const made = inline(e);
        const href = e.getAttribute('href');
        const plain = !md || !options.links || !href || /^\s*(javascript|data):/i.test(href);
        add(plain ? made : `[${made}](${e.href})`);
      },
      CODE: (e) => { const made = inline(e); add(md && made ? '`' + made + '`' : made); },
      STRONG: (e) => { const made = inline(e); add(md && made ? `**${made}**` : made); },
      EM: (e) => { const made = inline(e); add(md && made ? `*${made}*` : made); },
      LI: (e, depth) => {
        line();
        const number = e.parentElement && e.parentElement.tagName === 'OL';
        add(number ? `${[...e.parentElement.children].indexOf(e) + 1}. ` : '- ');
        children(e, depth + 1);
        line();
      },
    };
    for (let i = 1; i <= 6; i += 1) {
      special[`H${i}`] = (e) => { block(); const made = inline(e); add(md ? `${'#'.repeat(i)} ${made}` : made); block(); };
    }
    const visit = (n, depth) => {
      out.nodes += 1;
      if (n.nodeType === 3) {
        const piece = squeezed(n.data);
        add(/[ \n]$/.test(out.text) || !out.text ? piece.replace(/^ /, '') : piece);
        return;
      }
      if (n.nodeType !== 1 || SKIPPED.has(n.tagName) || hidden(n)) return;
      if (n.hasAttribute('data-mcp-mask')) { add('[masked]'); return; }
      if (out.nodes > options.nodes || depth > 300) { add(squeezed(plainly(n, options.chars))); return; }
      const known = special[n.tagName];
      const isBlock = BLOCKS.has(n.tagName);
      if (known) { known(n, depth); return; }
      if (isBlock) block();
      children(n, depth + 1);
      if (isBlock) block();
    };
    if (veiled(root)) return '[masked]';
    visit(root, 0);
    return out.text.replace(/[ \t]+\n/g, '\n').replace(/\n{3,}/g, '\n\n').trim();
  };

  // The source of an element without scripts, styles, comments and private values.
  const html = (root, options) => {
    if (veiled(root)) return '[masked]';
    const copy = root.cloneNode(true);
    const live = [root, ...root.querySelectorAll('input,textarea')];
    const dead = [copy, ...copy.querySelectorAll('input,textarea')];
    live.forEach((e, i) => {
      if (!HOLDERS.has(e.tagName) || !isPrivate(e) || !dead[i]) return;
      if (e.tagName === 'INPUT') dead[i].setAttribute('value', e.value ? '[masked]' : '');
      else dead[i].textContent = e.value || e.textContent ? '[masked]' : '';
    });
    copy.querySelectorAll('[data-mcp-mask]').forEach((e) => {
      [...e.attributes].forEach((a) => { if (a.name !== 'data-mcp-mask') e.removeAttribute(a.name); });
      e.textContent = '[masked]';
    });
    // A document within an attribute, where nothing above has looked.
    copy.querySelectorAll('iframe[srcdoc]').forEach((e) => {
      if (options.clean) e.removeAttribute('srcdoc');
      else if (/data-mcp-mask|password|autocomplete/i.test(e.srcdoc)) e.srcdoc = '[masked]';
    });
    if (options.clean) {
      copy.querySelectorAll('script,style,link[rel=stylesheet],noscript,template').forEach((e) => e.remove());
      const walker = document.createTreeWalker(copy, NodeFilter.SHOW_COMMENT);
      const comments = [];
      while (walker.nextNode()) comments.push(walker.currentNode);
      comments.forEach((c) => c.remove());
      [copy, ...copy.querySelectorAll('*')].forEach((e) => {
        [...e.attributes].forEach((a) => { if (/^on/i.test(a.name) || a.name === 'style' || a.name === 'nonce') e.removeAttribute(a.name); });
      });
    }
    return copy.outerHTML.slice(0, options.chars);
  };

  const source = (options) => html(document.documentElement, options);

  // Whether an element, or something that it is in, is fully transparent.
  const transparent = (e) => {
    for (let n = e; n && n.nodeType === 1; n = n.parentElement || (n.getRootNode() && n.getRootNode().host)) {
      if (getComputedStyle(n).opacity === '0') return true;
    }
    return false;
  };
  const transparentBoxes = () => {
    const boxes = [];
    for (const e of document.querySelectorAll('body *')) {
      if (boxes.length > 500) break;
      if (getComputedStyle(e).opacity === '0') {
        for (const inner of [e, ...e.querySelectorAll('*')]) {
          const r = inner.getBoundingClientRect();
          boxes.push([r.x, r.y, r.width, r.height].map(Math.round).join(','));
          if (boxes.length > 500) break;
        }
      }
    }
    return boxes;
  };

  // Fields that hold one of these values show nothing of it until they are shown again.
  const HIDING = { '-webkit-text-security': 'disc', color: 'transparent', 'text-shadow': 'none', 'caret-color': 'transparent' };
  const everywhere = function* (selector) {
    const roots = [document];
    while (roots.length) {
      const root = roots.pop();
      yield* root.querySelectorAll(selector);
      for (const e of root.querySelectorAll('*')) if (e.shadowRoot) roots.push(e.shadowRoot);
    }
  };
  const hide = (values) => {
    for (const e of everywhere('input, textarea, [contenteditable]')) {
      const held = e.value ?? e.textContent ?? '';
      if (!values.some((value) => held.includes(value))) continue;
      e.setAttribute('data-mcp-style', e.getAttribute('style') ?? '');
      for (const [name, value] of Object.entries(HIDING)) e.style.setProperty(name, value, 'important');
    }
  };
  const unhide = () => {
    for (const e of everywhere('[data-mcp-style]')) {
      const old = e.getAttribute('data-mcp-style');
      e.removeAttribute('data-mcp-style');
      if (old) e.setAttribute('style', old); else e.removeAttribute('style');
    }
  };

  // Numbers of refs drawn over the page, and taken away again.
  const annotate = (marks) => {
    const host = document.createElement('div');
    host.setAttribute('data-mcp-annotations', '');
    host.style.cssText = 'position:absolute;left:0;top:0;z-index:2147483647;pointer-events:none';
    const shadow = host.attachShadow({ mode: 'closed' });
    for (const [ref, x, y, w, h] of marks) {
      const box = document.createElement('div');
      box.style.cssText = `position:absolute;left:${x + scrollX}px;top:${y + scrollY}px;width:${w}px;height:${h}px;outline:1px solid #d00;box-sizing:border-box`;
      const label = document.createElement('span');
      label.textContent = ref;
      label.style.cssText = 'position:absolute;left:0;top:0;background:#d00;color:#fff;font:10px/12px monospace;padding:0 2px';
      box.append(label);
      shadow.append(box);
    }
    document.documentElement.append(host);
  };
  const unannotate = () => document.querySelectorAll('[data-mcp-annotations]').forEach((e) => e.remove());

  return { veiled, text, html, source, transparent, transparentBoxes, hide, unhide, annotate, unannotate };
})()
