// Finds elements as a person does: by their words, and only where they can be
// seen and reached. Runs in the page, changes nothing but the scroll position
// (and, in choose, the choice).

const controls = "button, a[href], summary, input[type=submit], input[type=button], " +
  "input[type=checkbox], input[type=radio], label, [role=button], [role=tab], [role=menuitem], [role=option], [onclick]";
const fields = "input:not([type=hidden]):not([type=submit]):not([type=button]), textarea, select, [contenteditable=true]";

const clean = (s) => (s || "").replace(/\s+/g, " ").trim();

function names(el) {
  const labels = [...(el.labels || [])].map((l) => l.innerText);
  const described = (el.getAttribute("aria-labelledby") || "").split(/\s+/)
    .map((id) => document.getElementById(id)?.innerText);
  const value = el.matches("input[type=submit], input[type=button]") ? el.value : "";
  const text = el.matches(fields) ? "" : el.innerText;
  return [text, value, el.getAttribute("aria-label"), el.getAttribute("placeholder"), el.getAttribute("title"),
    el.getAttribute("name"), ...labels, ...described].map(clean).filter(Boolean);
}

function visible(el) {
  return el.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && el.getClientRects().length > 0;
}

function rank(el, text) {
  const all = names(el);
  if (all.includes(text)) return 2;
  return all.some((n) => n.includes(text)) ? 1 : 0;
}

// best prefers an exact name, then the first in the document's order.
function best(kind, selector, text) {
  const roots = selector ? [...document.querySelectorAll(selector)] : [document];
  const all = roots.flatMap((r) => [...r.querySelectorAll(kind === "field" ? fields : controls)]).filter(visible);
  return all.find((el) => rank(el, text) === 2) || all.find((el) => rank(el, text) === 1);
}

function locate(kind, selector, wanted) {
  const text = clean(wanted);
  const el = best(kind, selector, text);
  if (!el) return { missing: `no visible ${kind} ${JSON.stringify(text)}` + (selector ? ` in ${selector}` : "") };
  if (el.disabled || el.getAttribute("aria-disabled") === "true") return { missing: `${kind} ${JSON.stringify(text)} is disabled` };
  el.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  const box = el.getClientRects()[0];
  const x = box.left + box.width / 2, y = box.top + box.height / 2;
  const top = document.elementFromPoint(x, y);
  if (!top || !(el.contains(top) || top.contains(el) || [...(el.labels || [])].some((l) => l.contains(top)))) {
    return { missing: `${kind} ${JSON.stringify(text)} is covered by ${top ? top.outerHTML.slice(0, 120) : "the edge of the window"}` };
  }
  return { x, y, missing: "" };
}

// choose selects an option of the list at a point; false when that is no list
// or has no such option.
function choose(x, y, value) {
  const list = document.elementFromPoint(x, y)?.closest("select");
  const option = list && [...list.options].find((o) => clean(o.text) === clean(value) || o.value === value);
  if (!option) return false;
  list.value = option.value;
  list.dispatchEvent(new Event("input", { bubbles: true }));
  list.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

// focus puts the cursor into a field with all that stands there selected, so
// that the next key replaces it; false when there is no such field.
function focus(label) {
  const el = best("field", "", clean(label));
  if (!el) return false;
  el.focus();
  if (el.select) el.select();
  else document.getSelection().selectAllChildren(el);
  return document.activeElement === el;
}

// holds reports whether a field has exactly these words.
function holds(label, value) {
  const el = best("field", "", clean(label));
  return !!el && ("value" in el ? el.value : el.innerText) === value;
}
