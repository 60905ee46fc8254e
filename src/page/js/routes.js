// Which page stands at which address.

import { route } from './router.js';
import { errors } from './pages/error.js';
import { overview } from './pages/overview.js';
import { settings } from './pages/settings.js';
import { signin } from './pages/signin.js';
import { tokens } from './pages/tokens.js';

export function addRoutes() {
  route('#/', overview);
  route('#/tokens', tokens);
  route('#/settings', settings);
  route('#/signin', signin);
  route('#/errors', errors);
  route('#/errors/:code', errors);
}
