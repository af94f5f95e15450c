// The names of what this site's client remembers.
async () => {
  const settled = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await settled(indexedDB.open("panda-web"));
  const names = await settled(database.transaction("texts").objectStore("texts").getAllKeys());
  database.close();
  return names;
}
