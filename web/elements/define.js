/** The names of the elements. */

import { PandaFeed } from "./feed.js";
import { PandaForm } from "./form.js";
import { PandaIdentity } from "./identity.js";
import { PandaStatus } from "./status.js";

/** @type {Record<string, CustomElementConstructor>} */
const ELEMENTS = { "panda-feed": PandaFeed, "panda-form": PandaForm, "panda-identity": PandaIdentity, "panda-status": PandaStatus };

/**
 * Makes them known, once. A page that has something of such a name keeps it.
 *
 * @param {Record<string, CustomElementConstructor>} [more]  what not every page has a use for
 */
export function defineElements(more = {}) {
  for (const [name, element] of Object.entries({ ...ELEMENTS, ...more })) if (!customElements.get(name)) customElements.define(name, element);
}
