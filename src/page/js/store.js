// Signals: a value that tells those who read it when it changes.

/** @type {null | {run: () => void, sources: Set<Set<any>>}} */
let reader = null;

/**
 * @template T
 * @param {T} initial
 * @returns {{value: T, peek: () => T}} reading `value` inside an effect makes it run again when the value changes
 */
export function signal(initial) {
  let current = initial;
  const readers = new Set();
  return {
    get value() {
      if (reader) {
        readers.add(reader);
        reader.sources.add(readers);
      }
      return current;
    },
    set value(next) {
      if (Object.is(next, current)) return;
      current = next;
      for (const one of [...readers]) one.run();
    },
    peek: () => current,
  };
}

/**
 * Runs a function now, and again whenever a signal it read changes.
 * @param {() => void} fn
 * @param {AbortSignal} [until] ends it
 * @returns {() => void} ends it
 */
export function effect(fn, until) {
  const self = {
    sources: new Set(),
    run() {
      forget();
      const outer = reader;
      reader = self;
      try {
        fn();
      } finally {
        reader = outer;
      }
    },
  };
  const forget = () => {
    for (const source of self.sources) source.delete(self);
    self.sources.clear();
  };
  const stop = () => {
    forget();
    self.run = () => {};
  };
  if (until?.aborted) return () => {};
  until?.addEventListener('abort', stop, { once: true });
  self.run();
  return stop;
}

/** A setting of this browser; a browser that refuses storage keeps it for the visit. */
export const saved = {
  get(/** @type {string} */ name) {
    try {
      return localStorage.getItem(`ringhook.${name}`);
    } catch {
      return null;
    }
  },
  set(/** @type {string} */ name, /** @type {string|null} */ value) {
    try {
      if (value == null) localStorage.removeItem(`ringhook.${name}`);
      else localStorage.setItem(`ringhook.${name}`, value);
    } catch {
      // Storage is a comfort, nothing depends on it.
    }
  },
};
