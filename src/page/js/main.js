// The start: words, theme, session, then the pages; and what stands around every page.

import { onSessionEnd, server } from './api.js';
import { translate } from './dom.js';
import { startClock } from './fmt.js';
import { language, onLanguage, setLanguage, startLanguage, t } from './i18n.js';
import { live } from './live.js';
import * as router from './router.js';
import { failed, missing } from './pages/error.js';
import { addRoutes } from './routes.js';
import { startBanners } from './banners.js';
import { startShortcuts, showShortcuts } from './shortcuts.js';
import { applyTheme, setTheme, theme } from './theme.js';
import { signin } from './pages/signin.js';
import { askSignIn, startSession } from './session.js';
import { effect } from './store.js';
import { announce, menu, toast } from './ui.js';

const byId = (/** @type {string} */ id) => document.getElementById(id);

async function main() {
  applyTheme();
  await startLanguage(document.documentElement.dataset.language);
  translate(document);
  startClock();
  addRoutes();
  onSessionEnd(askSignIn);
  shell();
  startBanners(byId('banners'));
  startShortcuts();
  await startSession();
  await router.start(byId('main'), { missing, failed, gate });
  followSession();
}

/** Who is not signed in sees the way in, at whatever address; it stays, and is shown afterwards. */
const gate = () => (server.session.peek() === 'out' ? signin : null);

/** News begin with the first sign-in; each change of the session shows the page from anew. */
function followSession() {
  let before = server.session.peek();
  effect(() => {
    const now = server.session.value;
    if (now === 'in') live.start();
    if ((now === 'out') !== (before === 'out')) router.reload(true);
    before = now;
  });
}

function shell() {
  effect(() => {
    const signedIn = server.session.value === 'in';
    byId('top').hidden = !signedIn;
  });
  effect(() => {
    const section = router.path.value.split('/')[1] ?? '';
    for (const link of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-nav]'))) {
      if (link.dataset.nav === section) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    openNav(false);
  });
  byId('menu-btn').addEventListener('click', () => openNav(byId('menu-btn').getAttribute('aria-expanded') !== 'true'));
  byId('top').addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && byId('menu-btn').getAttribute('aria-expanded') === 'true') {
      openNav(false);
      byId('menu-btn').focus();
    }
  });
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault();
    (byId('main').querySelector('h1') ?? byId('main')).focus();
  });
  byId('help-btn').addEventListener('click', showShortcuts);
  themeMenu();
  languageButton();
  livePill();
  lockControls();
}

function openNav(open) {
  byId('menu-btn').setAttribute('aria-expanded', String(open));
  byId('nav').classList.toggle('open', open);
}

function themeMenu() {
  const choice = (value, name) => ({ label: t(`theme.${value}`), icon: name, checked: theme() === value, onselect: () => setTheme(value) });
  menu(byId('theme-btn'), () => [choice('system', 'contrast'), choice('light', 'sun'), choice('dark', 'moon')]);
}

function languageButton() {
  const show = () => {
    const other = language() === 'en' ? 'fr' : 'en';
    byId('lang-text').textContent = other.toUpperCase();
    byId('lang-btn').setAttribute('aria-label', `${other.toUpperCase()} – ${t(`language.switch.${other}`)}`);
    byId('lang-btn').lang = other;
    translate(document);
  };
  show();
  onLanguage(() => {
    show();
    router.reload();
  });
  byId('lang-btn').addEventListener('click', () => setLanguage(language() === 'en' ? 'fr' : 'en'));
}

/** The pill says whether what is shown is live, and pauses it: moving content must be stoppable (WCAG 2.2.2). */
function livePill() {
  const pill = byId('live');
  const show = () => {
    const state = live.state.value;
    const missed = live.missed.value;
    const shape = { live: 's-dot', offline: 's-ring', paused: 's-square' }[state];
    pill.className = `live ${state}`;
    pill.querySelector('use').setAttribute('href', `#${shape}`);
    const text = state === 'paused' && missed ? t('live.missed', { count: missed }) : t(`live.${state}`);
    byId('live-text').textContent = text;
    pill.title = t(`live.${state}.hint`);
    pill.setAttribute('aria-label', `${text}. ${t(`live.${state}.hint`)}`);
  };
  effect(show);
  onLanguage(show);
  pill.addEventListener('click', () => {
    if (live.state.peek() === 'paused') live.resume();
    else live.pause();
    announce(t(`live.${live.state.peek()}`));
  });
}

/**
 * What changes something carries `data-changes`: it cannot be pressed while the server is out of reach, nor by those who may
 * only look, and says why.
 */
function lockControls() {
  effect(() => document.documentElement.toggleAttribute('data-locked', !server.reachable.value || server.role.value === 'read'));
  const refuse = (event) => {
    const reads = server.role.peek() === 'read';
    if (server.reachable.peek() && !reads) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    toast(t(reads ? 'reader.refused' : 'offline.refused'), 'info');
  };
  const refused = (event) => event.target instanceof Element && event.target.closest('[data-changes]') && refuse(event);
  document.addEventListener('click', refused, { capture: true });
  document.addEventListener('submit', refused, { capture: true });
}

main();
