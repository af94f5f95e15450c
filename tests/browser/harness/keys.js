// What this site keeps as keys, and whether any of them can be had by a script.
async () => {
  const settled = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await settled(indexedDB.open("panda-web"));
  const records = await settled(database.transaction("keys").objectStore("keys").getAll());
  database.close();
  return Promise.all(records.map(async ({ key, seed }) => {
    const exported = await Promise.all(["pkcs8", "jwk"].map((form) => (
      crypto.subtle.exportKey(form, key).then(() => true, () => false)
    )));
    return { extractable: key.extractable, exported: exported.some(Boolean) || seed !== undefined };
  }));
}
