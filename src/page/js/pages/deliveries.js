// Deliveries across events: those of an endpoint, those that wait, those that failed.

import { get } from '../api.js';
import { fill, h, list, slot, tpl } from '../dom.js';
import { deliveryActions, deliveryState, endpointLink, lastAnswer } from '../deliveries-view.js';
import { titleOf } from '../endpoint-names.js';
import { loadTypes, typeName } from '../event-types.js';
import { number } from '../fmt.js';
import { t } from '../i18n.js';
import { live } from '../live.js';
import { replaceQuery, setTitle, trail } from '../router.js';
import { tableIn } from '../tables.js';
import { busy, debounce, emptyState, problemBox, skeleton, toastError } from '../ui.js';

const PAGE = 50;
const NEWS_MS = 1000;
/** Pages may be empty while rows are walked over; so many are read on. */
const EMPTY_PAGES_MAX = 10;
const STATES = ['waiting', 'in_flight', 'failed', 'delivered', 'expired', 'superseded', 'cancelled'];

/** @type {import('../router.js').Page} */
export const deliveries = { title: () => t('deliveries.title'), mount };

async function mount(main, params, query, { signal }) {
  const page = tpl('deliveries-page');
  const part = (/** @type {string} */ name) => slot(page, name);
  const { endpoint } = query;
  const title = endpoint && (await titleOf(endpoint));
  await loadTypes({ signal });
  main.append(page);
  const heading = title ? t('deliveries.of', { title }) : t('deliveries.title');
  part('heading').textContent = heading;
  setTitle(heading);
  fill(part('trail'), title
    ? trail([[t('endpoint.crumb'), '#/endpoints'], [title, `#/endpoints/${endpoint}`], [t('deliveries.title')]])
    : trail([[t('event.crumb'), '#/events'], [t('deliveries.title')]]));
  part('state').append(...STATES.map((state) => h('option', { value: state }, t(`state.${state}`))));
  part('state').value = query.state ?? '';
  fill(part('body'), skeleton(6));

  /** @type {any[]} */
  let items = [];
  let next = null;
  const ask = async (/** @type {string|null} */ cursor) => {
    let found = [];
    for (let pages = 0; pages < EMPTY_PAGES_MAX; pages += 1) {
      const answer = await get('/v1/deliveries', { signal, query: { endpoint, event: query.event, state: part('state').value, limit: PAGE, cursor } });
      found = found.concat(answer.items);
      cursor = next = answer.next;
      if (!next || found.length) break;
    }
    return found;
  };
  const read = async () => {
    try {
      items = await ask(null);
      show();
    } catch (error) {
      if (error.name !== 'AbortError') fill(part('body'), problemBox(error, read));
    }
  };
  const show = () => {
    part('more').hidden = !next;
    if (!items.length) return fill(part('body'), emptyState({ title: t('deliveries.none') }));
    const table = tableIn(part('body'), 'deliveries-table');
    table.classList.toggle('one-endpoint', Boolean(endpoint));
    return list(table.tBodies[0], items, (one) => one.id, () => tpl('deliveries-row'), (row, one) => update(row, one, soon));
  };
  const soon = debounce(() => items.length <= PAGE && read(), NEWS_MS);

  part('state').addEventListener('change', () => {
    replaceQuery({ state: part('state').value || null });
    read();
  });
  page.addEventListener('submit', (event) => event.preventDefault());
  part('more').addEventListener('click', () => busy(part('more'), ask(next)).then((more) => {
    items = [...items, ...more];
    show();
  }).catch(toastError));
  live.on('attempt', (news) => (!endpoint || news.endpoint === endpoint) && soon(), signal);
  live.on('refresh', soon, signal);
  await read();
}

function update(row, delivery, changed) {
  const state = JSON.stringify(delivery);
  if (row.dataset.state === state) return;
  row.dataset.state = state;
  const link = slot(row, 'link');
  link.href = `#/events/${delivery.event}`;
  link.textContent = typeName(delivery.event_type);
  slot(row, 'id').textContent = delivery.event;
  fill(slot(row, 'endpoint'), endpointLink(delivery.endpoint));
  fill(slot(row, 'outcome'), deliveryState(delivery));
  slot(row, 'attempts').textContent = number(delivery.attempts);
  fill(slot(row, 'last'), lastAnswer(delivery.last));
  fill(slot(row, 'actions'), deliveryActions(delivery, changed));
}
