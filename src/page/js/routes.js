// Which page stands at which address.

import { route } from './router.js';
import { deliveries } from './pages/deliveries.js';
import { endpointEdit, endpointNew } from './pages/endpoint-form.js';
import { endpoint } from './pages/endpoint.js';
import { endpoints } from './pages/endpoints.js';
import { errors } from './pages/error.js';
import { event } from './pages/event.js';
import { events } from './pages/events.js';
import { overview } from './pages/overview.js';
import { replay } from './pages/replay.js';
import { settings } from './pages/settings.js';
import { signin } from './pages/signin.js';
import { tokens } from './pages/tokens.js';

export function addRoutes() {
  route('#/', overview);
  route('#/endpoints', endpoints);
  route('#/endpoints/new', endpointNew);
  route('#/endpoints/:id', endpoint);
  route('#/endpoints/:id/edit', endpointEdit);
  route('#/events', events);
  route('#/events/:id', event);
  route('#/deliveries', deliveries);
  route('#/replays/:id', replay);
  route('#/tokens', tokens);
  route('#/settings', settings);
  route('#/signin', signin);
  route('#/errors', errors);
  route('#/errors/:code', errors);
}
