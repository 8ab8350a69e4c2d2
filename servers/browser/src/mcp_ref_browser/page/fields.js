(() => {
  // What is asked of fields of forms before they are filled. A label, or what is in one, stands for its field.
  const OWN = 'a,input,textarea,button,select,[role=link],[role=button],[role=checkbox],[role=radio]';
  const meant = (e) => {
    if (e.matches(OWN) || e.isContentEditable) return e;
    const label = e.closest('label');
    return (label && label.control) || e;
  };
  const SHAPED = ['color', 'date', 'datetime-local', 'month', 'number', 'range', 'time', 'week'];
  const field = (element, text) => {
    const e = meant(element);
    const kind = e.tagName === 'INPUT' ? e.type : e.tagName.toLowerCase();
    const told = { kind, takes: true, min: e.min || '', max: e.max || '', step: e.step || '' };
    if (text && SHAPED.includes(kind)) {
      const probe = document.createElement('input');
      probe.type = kind;
      for (const bound of ['min', 'max', 'step']) if (kind === 'range' && told[bound]) probe[bound] = told[bound];
      probe.value = text.trim();
      const same = probe.value.toLowerCase() === text.trim().toLowerCase();
      told.takes = same || (kind === 'range' && text.trim() !== '' && Number(probe.value) === Number(text));
    }
    return told;
  };

  // The caret behind all that the field holds; false where the kind of field has none that a script may move.
  const end = (element) => {
    const e = meant(element);
    e.focus();
    if (e.isContentEditable) {
      const selection = e.ownerDocument.getSelection();
      selection.selectAllChildren(e);
      selection.collapseToEnd();
      return true;
    }
    try {
      e.setSelectionRange(e.value.length, e.value.length);
      return true;
    } catch {
      return false;
    }
  };

  const bare = (text) => text.replace(/\s+/g, ' ').trim();
  const listed = (select, values) => {
    const options = [...select.options];
    const named = (one, value) => one.value === value || bare(one.label) === bare(value);
    const found = values.map((value) => options.filter((one) => named(one, value)));
    const locked = (one) => one.disabled || (one.parentElement.tagName === 'OPTGROUP' && one.parentElement.disabled);
    return {
      several: select.multiple,
      total: options.length,
      labels: options.slice(0, 40).map((one) => bare(one.label).slice(0, 100)),
      missing: values.filter((_, at) => !found[at].length),
      disabled: values.filter((_, at) => found[at].length && found[at].every(locked)),
    };
  };
  // What a list has of these values; it is waited for options that a page is about to bring.
  const options = async (element, { values, milliseconds }) => {
    const e = meant(element);
    if (e.tagName !== 'SELECT') {
      const popup = e.getAttribute('aria-haspopup');
      const role = e.getAttribute('role') || (e.list ? 'combobox' : '');
      return { drawn: { is_list: role === 'combobox' || role === 'listbox' || popup === 'listbox',
        typed: e.tagName === 'INPUT' && !e.readOnly, offers: !!e.list } };
    }
    if (listed(e, values).missing.length) {
      await new Promise((done) => {
        const watch = new MutationObserver(() => { if (!listed(e, values).missing.length) done(); });
        watch.observe(e, { childList: true, subtree: true, characterData: true, attributes: true });
        setTimeout(() => { watch.disconnect(); done(); }, milliseconds);
      });
    }
    return { native: listed(e, values) };
  };
  return { end, field, options };
})()
