/** A style sheet, which the build puts in as text. */
declare module "*.css" {
  const text: string;
  export default text;
}

interface HTMLElementTagNameMap {
  "panda-feed": import("./feed.js").PandaFeed;
  "panda-form": import("./form.js").PandaForm;
  "panda-identity": import("./identity.js").PandaIdentity;
  "panda-log": import("./log.js").PandaLog;
  "panda-status": import("./status.js").PandaStatus;
}
