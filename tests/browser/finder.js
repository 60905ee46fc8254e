// Finds a visible element by what it is called, as a person or a screen reader would.
// arguments: kind ('clickable' or 'field'), the words of the part to look in, the name.
const [kind, part, name] = arguments;
const plain = (text) => (text ?? '').replace(/[\u00a0\u202f\s]+/g, ' ').trim().toLowerCase();
const isVisible = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
const dialogs = [...document.querySelectorAll('dialog[open], [popover]:popover-open:not(.toasts)')].filter(isVisible);
const root = dialogs.at(-1) ?? document;

const byIds = (ids) => ids.split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? '').join(' ');
const named = (element) => {
  const label = element.getAttribute('aria-labelledby');
  if (label) return plain(byIds(label));
  if (element.hasAttribute('aria-label')) return plain(element.getAttribute('aria-label'));
  const labels = element.labels ? [...element.labels].map((found) => found.textContent).join(' ') : '';
  return plain(labels || element.innerText || element.value || element.title || element.placeholder);
};

const PARTS = 'section, article, aside, li, tr, fieldset, form, details, [role=region], [role=group], .card';
const scopes = () => {
  if (!part) return [root];
  const wanted = plain(part);
  const found = [...root.querySelectorAll(PARTS)].filter((element) => isVisible(element) && plain(element.innerText).includes(wanted));
  // The smallest ones first: the row before its table.
  return found.reverse();
};
const SELECTORS = {
  clickable: 'button, a[href], summary, label, [role=tab], [role=menuitem], [role=menuitemradio], [role=option], input[type=checkbox], input[type=radio], input[type=submit]',
  field: 'input:not([type=checkbox]):not([type=radio]):not([type=hidden]), textarea, select',
};
const wanted = plain(name);
for (const scope of scopes()) {
  const all = [...scope.querySelectorAll(SELECTORS[kind])].filter((element) => isVisible(element) && !element.disabled);
  const found = all.find((element) => named(element) === wanted)
    ?? all.find((element) => named(element).startsWith(wanted))
    ?? all.find((element) => named(element).includes(wanted));
  if (found) return found;
}
return null;
