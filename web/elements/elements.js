// p2panda for pages of plain HTML:
//
//   <script type="module" src="https://HOST/elements.js"></script>
//   <panda-feed schema="…"><template><p data-field="text"></p></template></panda-feed>
//
// It is panda.js, and five elements that work with it: docs/embedding.md. The build makes one file of all.

import { PandaError, connect } from "panda.js";
import { defineElements } from "./define.js";
import { PandaLog } from "./log.js";

export { PandaError, connect };

defineElements({ "panda-log": PandaLog });
