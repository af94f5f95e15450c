// What this site keeps as keys, and whether any of them can be had by a script. `waiting` is what a copy would be made of.
async () => {
  const settled = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await settled(indexedDB.open("panda-web"));
  const records = await settled(database.transaction("keys").objectStore("keys").getAll());
  database.close();
  const pairs = records.map((record) => ({ ...record, key: record.key ?? record.wrapped?.key })).filter(({ key, seed }) => key || seed);
  return Promise.all(pairs.map(async ({ key, seed, wrapped }) => {
    const exported = await Promise.all(["pkcs8", "jwk", "raw"].map((form) => (
      crypto.subtle.exportKey(form, key).then(() => true, () => false)
    )));
    return { extractable: key.extractable, exported: exported.some(Boolean) || seed !== undefined, waiting: wrapped !== undefined };
  }));
}
