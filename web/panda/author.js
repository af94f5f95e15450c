// What a page works with.

/**
 * @typedef {import("./line.js").Line} Line
 * @typedef {import("./panda.d.ts").Written} Written
 * @typedef {import("./panda.d.ts").Query} Query
 * @typedef {import("./panda.d.ts").Page} Page
 * @typedef {import("./panda.d.ts").Fields} Fields
 * @typedef {import("./panda.d.ts").Schema} Schema
 * @typedef {import("./panda.d.ts").SchemaDefinition} SchemaDefinition
 * @typedef {import("./panda.d.ts").SchemaDraft} SchemaDraft
 * @typedef {import("./panda.d.ts").DescribedDraft} DescribedDraft
 * @typedef {import("./panda.d.ts").ListedSchema} ListedSchema
 */

/** One author on one node. Made by `connect`. */
export class Panda {
  #line;

  /** @param {Line} line @param {any} opened */
  constructor(line, opened) {
    this.#line = line;
    line.onreopen = (again) => this.#say(again);
    /** The public key, 64 hex digits; null where nothing can be written. @type {string | null} */
    this.author = opened.author;
    /** "webcrypto" (no script can read it) or "pure25519" (the weaker choice). @type {string | null} */
    this.keyKind = opened.keyKind;
    /** The node's address. @type {string} */
    this.node = opened.node;
    /** Why nothing can be written, or null. @type {{reason: string, message: string} | null} */
    this.readOnly = opened.readOnly;
    /** Whether the key was made in this browser and can still be copied. @type {boolean} */
    this.canBackUp = opened.canBackUp;
    /** "waiting" for a decision, "saved" or "declined"; null where nothing is known. @type {"waiting" | "saved" | "declined" | null} */
    this.copy = opened.copy;
    this.#say(opened);
    // What the site's applications add, for its own pages.
    for (const name of opened.more) {
      const call = (/** @type {{}} */ params, /** @type {{}} */ options) => line.call(name, params, options);
      Object.assign(this, { [name]: call });
    }
  }

  /** @param {any} opened what the worker says of this connection */
  #say({ more, ...said }) {
    Object.assign(this, said);
  }

  /**
   * The key pair under a passphrase, as encrypted PEM (PKCS #8), while `canBackUp`; then it cannot be copied any more.
   *
   * @param {string} passphrase eight characters at least
   * @returns {Promise<string>}
   */
  async backUp(passphrase) {
    const text = await this.#line.call("backUp", { passphrase });
    Object.assign(this, { canBackUp: false, copy: "saved" });
    return text;
  }

  /** Makes the key one that can no longer be copied. @returns {Promise<void>} */
  async declineBackup() {
    Object.assign(this, await this.#line.call("declineBackup"));
  }

  /**
   * Goes on with the key of a backup: `author` is another one then. Use a key in one place at a time.
   *
   * @param {string} text
   * @param {string} passphrase
   * @returns {Promise<void>}
   */
  async restore(text, passphrase) {
    Object.assign(this, await this.#line.call("restore", { text, passphrase }));
  }

  /** @param {string} schema @param {Fields} fields @returns {Promise<Written>} */
  create(schema, fields) {
    return this.#line.call("create", { schema, fields });
  }

  /** @param {string} schema @param {string} id @param {Fields} fields @returns {Promise<Written>} */
  update(schema, id, fields) {
    return this.#line.call("update", { schema, id, fields });
  }

  /** @param {string} schema @param {string} id @returns {Promise<Written>} */
  delete(schema, id) {
    return this.#line.call("delete", { schema, id });
  }

  /**
   * Instances, each rebuilt from its signed entries; what fails that is in `rejected` instead.
   *
   * @param {string} schema
   * @param {Query} [query] go on with `after: page.after` until a page is empty
   * @returns {Promise<Page>}
   */
  async query(schema, query = {}) {
    const { instances, rejected, after } = await this.#line.call("query", { ...query, schema });
    return Object.assign(instances, { rejected, after });
  }

  /**
   * Publishes the definition of a schema, or finds the equal one that this author published, and makes it known.
   *
   * @param {SchemaDefinition} schema
   * @returns {Promise<Schema>}
   */
  define(schema) {
    return this.#line.call("define", { schema });
  }

  /**
   * Makes a schema known: from then on it decides what numbers and texts are, and what may be written.
   *
   * @param {string} id
   * @returns {Promise<Schema>}
   */
  schema(id) {
    return this.#line.call("schema", { id });
  }

  /**
   * The schemas that the node lists, and own ones that it does not list; of the untyped ones a page.
   *
   * @param {{ after?: string }} [page] behind which untyped one the next page begins
   * @returns {Promise<ListedSchema[]>}
   */
  schemas(page = {}) {
    return this.#line.call("schemas", page);
  }

  /**
   * What is wrong with a definition that somebody is writing, field by field; publishes nothing.
   *
   * @param {SchemaDraft} draft
   * @returns {Promise<DescribedDraft>}
   */
  describe(draft) {
    return this.#line.call("describe", { draft });
  }

  /** The definition in a file, as `describe` writes them. @param {string} text @returns {Promise<SchemaDefinition>} */
  schemaFromToml(text) {
    return this.#line.call("schemaFromToml", { text });
  }

  /** How many signed entries the node has not acknowledged. @returns {Promise<number>} */
  pending() {
    return this.#line.call("pending");
  }

  /** Sends them. @returns {Promise<number>} */
  flush() {
    return this.#line.call("flush");
  }

  /** Ends this connection; the last one on a page ends the worker. */
  close() {
    this.#line.close();
  }
}
