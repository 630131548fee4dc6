// The war room works without this file. With it, pages follow what happens,
// times are in your zone, and keys work.
'use strict';
(() => {
  const root = document.documentElement;
  const stored = (k, v) => { // storage may be forbidden
    try { if (v === undefined) { return localStorage.getItem(k); } localStorage.setItem(k, v); } catch { return null; }
    return v;
  };
  const theme = stored('theme');
  if (theme === 'light' || theme === 'dark') { root.dataset.theme = theme; }

  const $ = (q, from = document) => from.querySelector(q);
  const $$ = (q, from = document) => [...from.querySelectorAll(q)];

  // --- times ---
  const pad = (n) => String(n).padStart(2, '0');
  const skew = Date.parse(root.dataset.now || '') - Date.now() || 0;
  const now = () => Date.now() + skew;
  const hm = (d) => pad(d.getHours()) + ':' + pad(d.getMinutes());
  const words = (s) => {
    s = Math.max(0, Math.floor(s));
    if (s < 60) { return s + ' s'; }
    if (s < 3600) { return Math.round(s / 60) + ' min'; }
    if (s < 86400) { const h = Math.floor(s / 3600), m = Math.floor(s % 3600 / 60); return h + ' h' + (m ? ' ' + m + ' min' : ''); }
    const d = Math.floor(s / 86400), h = Math.floor(s % 86400 / 3600);
    return d + ' d' + (h ? ' ' + h + ' h' : '');
  };
  function localise(from) {
    for (const t of from.matches?.('time[datetime]') ? [from] : $$('time[datetime]', from)) {
      const d = new Date(t.dateTime);
      if (isNaN(d)) { continue; }
      const today = new Date(now()).toDateString() === d.toDateString();
      t.textContent = today ? hm(d) : d.toLocaleDateString(undefined, {day: 'numeric', month: 'short'}) + ' ' + hm(d);
    }
  }
  function tick(from = document) {
    for (const e of $$('[data-from]', from)) {
      const s = Math.max(0, Math.floor((now() - Date.parse(e.dataset.from)) / 1000));
      e.textContent = s >= 86400 ? words(s) : pad(Math.floor(s / 3600)) + ':' + pad(Math.floor(s % 3600 / 60)) + ':' + pad(s % 60);
    }
    for (const e of $$('[data-until]', from)) {
      const s = (Date.parse(e.dataset.until) - now()) / 1000;
      e.textContent = s >= 0 ? 'in ' + words(s) : words(-s) + ' overdue';
      e.closest('.due, .facts > div')?.classList.toggle('late', s < 0);
    }
  }

  // --- following what happens ---
  const server = new Map(); // id to the HTML as the server wrote it
  const remember = (e) => { if (e.id) { server.set(e.id, e.outerHTML); } };
  const dirty = (f) => f.type === 'checkbox' || f.type === 'radio' ? f.checked !== f.defaultChecked
    : f.tagName === 'SELECT' ? [...f.options].some((o) => o.selected !== o.defaultSelected) && f.value !== ''
      : f.type !== 'hidden' && f.value !== f.defaultValue;
  const busy = (e) => e.contains(document.activeElement) && document.activeElement.matches('input, textarea, select')
    || $$('input, textarea, select', e).some(dirty) || e.contains(window.getSelection()?.toString() ? window.getSelection().anchorNode : null);
  let waiting = false; // something could not be swapped yet

  function swap(old, fresh, html) {
    const opened = $$('details', old).map((d) => d.open);
    const held = old.contains(document.activeElement) ? document.activeElement : null;
    const at = held && (held.closest('form')?.getAttribute('action') || held.getAttribute('href'));
    old.replaceWith(fresh);
    server.set(fresh.id, html);
    const details = $$('details', fresh);
    if (details.length === opened.length) { details.forEach((d, i) => { d.open = opened[i]; }); }
    ready(fresh);
    if (at) { ($(`form[action="${CSS.escape(at)}"] button`, fresh) || [...$$('form', fresh)].find((f) => f.getAttribute('action') === at)?.querySelector('button') || $$('a', fresh).find((a) => a.getAttribute('href') === at))?.focus(); }
  }
  function update(id, next) {
    const old = document.getElementById(id), html = next.outerHTML;
    if (!old || server.get(id) === html) { return; }
    if (busy(old)) { waiting = true; return; }
    swap(old, document.importNode(next, true), html);
  }
  function updateKeyed(old, next) {
    const ids = new Set();
    let last = null;
    for (const child of [...next.children]) {
      if (!child.id) { continue; }
      ids.add(child.id);
      if (document.getElementById(child.id)) { update(child.id, child); } else {
        const fresh = document.importNode(child, true);
        server.set(child.id, child.outerHTML);
        fresh.classList.add('fresh');
        if (last) { last.after(fresh); } else { old.prepend(fresh); }
        ready(fresh);
      }
      last = document.getElementById(child.id) || last;
    }
    for (const child of [...old.children]) {
      if (!child.id || ids.has(child.id)) { continue; }
      if (busy(child)) { waiting = true; continue; }
      child.remove();
      server.delete(child.id);
    }
  }
  const atBottom = (e) => e.scrollHeight - e.scrollTop - e.clientHeight < 48;
  function apply(doc) {
    waiting = false;
    const log = $('#entries'), below = $('#below');
    const stick = log && atBottom(log), rows = log?.children.length;
    for (const next of $$('[data-live]', doc)) { update(next.id, next); }
    for (const next of $$('[data-keyed]', doc)) {
      const old = document.getElementById(next.id);
      if (old) { updateKeyed(old, next); }
    }
    for (const next of $$('[data-words]', doc)) {
      const old = document.getElementById(next.id);
      if (old && old.textContent !== next.textContent) { old.textContent = next.textContent; }
    }
    if (log && stick) { log.scrollTop = log.scrollHeight; }
    if (log && !stick && log.children.length > rows && below) { below.hidden = false; }
  }
  let loading = false, again = false, seen = new Date(), timer = 0;
  async function look() {
    if (loading) { again = true; return; }
    loading = true;
    try {
      const answer = await fetch(location.href, {headers: {Accept: 'text/html'}, credentials: 'same-origin'});
      if (answer.status === 401) { location.reload(); return; }
      if (answer.ok) { apply(new DOMParser().parseFromString(await answer.text(), 'text/html')); seen = new Date(); }
    } catch { /* the stream says when we are back */ }
    loading = false;
    if (again) { again = false; soon(); }
  }
  const soon = () => { clearTimeout(timer); timer = setTimeout(look, 80); };
  function follow() {
    const lost = $('#lost');
    if (!lost || !root.dataset.since || !window.EventSource) { return; }
    const stream = new EventSource('/api/v1/events?since=' + root.dataset.since);
    let away = false;
    stream.addEventListener('entry', soon);
    stream.addEventListener('message', soon);
    stream.onopen = () => { lost.hidden = true; if (away) { away = false; soon(); } };
    stream.onerror = () => {
      away = true;
      lost.textContent = 'Reconnecting… you see ' + hm(seen) + ':' + pad(seen.getSeconds());
      lost.hidden = false;
      if (stream.readyState === EventSource.CLOSED) { setTimeout(() => { look(); follow(); }, 3000); }
    };
    addEventListener('pagehide', () => stream.close());
    addEventListener('pageshow', (e) => { if (e.persisted) { location.reload(); } });
  }

  // --- pieces of a page ---
  function ready(from) {
    localise(from);
    tick(from);
    for (const b of $$('.copy', from)) { b.hidden = !navigator.clipboard; }
  }
  async function copy(b) {
    try { await navigator.clipboard.writeText($('pre', b.parentElement).textContent); b.textContent = 'Copied'; } catch { b.textContent = 'Select it by hand'; }
    setTimeout(() => { b.textContent = 'Copy'; }, 2000);
  }
  function show(tab) {
    const room = $('.room');
    if (!room) { return; }
    room.dataset.tab = tab;
    for (const a of $$('.tabs a')) { if (a.dataset.show === tab) { a.setAttribute('aria-current', 'true'); } else { a.removeAttribute('aria-current'); } }
    const u = new URL(location.href);
    u.searchParams.set('tab', tab);
    history.replaceState(null, '', u);
    for (const i of $$('input[name="back"]')) { const b = new URL(i.value, location.href); b.searchParams.set('tab', tab); i.value = b.pathname + b.search; i.defaultValue = i.value; }
  }
  function clicks(e) {
    const t = e.target.closest('a, button');
    if (!t) { return; }
    if (t.dataset.show) { e.preventDefault(); show(t.dataset.show); return; }
    if (t.dataset.jump) { show(t.dataset.jump); return; }
    if (t.classList.contains('copy')) { copy(t); return; }
    if (t.id === 'theme') {
      const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
      root.dataset.theme = stored('theme', dark ? 'light' : 'dark') || (dark ? 'light' : 'dark');
    }
    if (t.id === 'below') { const log = $('#entries'); log.scrollTop = log.scrollHeight; t.hidden = true; }
  }

  // --- keys: none of them changes anything by itself ---
  let g = 0;
  function keys(e) {
    if (e.key === 'Escape') { escape(); return; }
    if (stored('keys') === 'off' || e.ctrlKey || e.metaKey || e.altKey || e.target.closest('input, textarea, select, [contenteditable]') || $('dialog[open]')) { return; }
    const verb = (v) => $(`.do [data-verb="${v}"]`) || $(`[data-verb="${v}"]`);
    const was = g;
    g = e.key === 'g' ? Date.now() : 0;
    if (was && Date.now() - was < 2000) {
      if (e.key === 'n') { location.href = '/'; return; }
      if (e.key === 'i') { location.href = '/incidents'; return; }
    }
    const act = {
      '?': () => $('#keys')?.showModal(),
      '/': () => $('#command')?.focus(),
      n: () => { show('timeline'); $('#note')?.focus(); },
      u: () => verb('update')?.click(),
      r: () => verb('run')?.click(),
      o: () => { show('do'); verb('own')?.focus(); },
    }[e.key];
    if (act) { e.preventDefault(); act(); }
  }
  function escape() {
    for (const d of $$('details.more[open]')) { d.open = false; }
    const close = $('.panel .close');
    if (document.activeElement?.matches('input, textarea, select') && !document.activeElement.closest('.panel')) { document.activeElement.blur(); return; }
    if (close && !$('dialog[open]')) { close.click(); }
  }

  // At once: a press while the page still loads counts too.
  document.addEventListener('click', clicks);
  document.addEventListener('click', (e) => { for (const d of $$('details.more[open]')) { if (!d.contains(e.target)) { d.open = false; } } });
  document.addEventListener('keydown', keys);
  document.addEventListener('focusout', () => { if (waiting) { setTimeout(look, 200); } });
  document.addEventListener('submit', (e) => {
    const b = e.submitter;
    if (b && !b.matches('[aria-busy]')) { b.setAttribute('aria-busy', 'true'); setTimeout(() => b.removeAttribute('aria-busy'), 4000); } else if (b) { e.preventDefault(); }
  });

  document.addEventListener('DOMContentLoaded', () => {
    $$('[data-live]').forEach(remember);
    $$('[data-keyed]').forEach((k) => [...k.children].forEach(remember));
    ready(document);
    const zone = $('#zone');
    if (zone) { zone.textContent = 'times in your zone'; }
    const toggle = $('#theme');
    if (toggle) { toggle.hidden = false; }
    const off = $('#keys-off');
    if (off) { off.checked = off.defaultChecked = stored('keys') === 'off'; off.addEventListener('change', () => stored('keys', off.checked ? 'off' : 'on')); }
    const guide = $('#guide-open');
    if (guide) { guide.checked = guide.defaultChecked = stored('guide') === 'open'; guide.addEventListener('change', () => { guide.defaultChecked = guide.checked; stored('guide', guide.checked ? 'open' : 'shut'); }); }
    const log = $('#entries');
    if (log) { log.scrollTop = log.scrollHeight; log.addEventListener('scroll', () => { if (atBottom(log)) { $('#below').hidden = true; } }); }
    const panel = $('.panel');
    if (panel) { ($('input:checked', panel) || $('input:not([type="hidden"]), textarea, select', panel) || panel).focus(); }
    setInterval(tick, 1000);
    follow();
  });
})();
