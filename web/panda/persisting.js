// A browser that runs out of room throws away whole sites, unless one of their pages has asked to be kept (Storage
// Standard). Who writes has something to lose, so it is asked for with the first write, and by the page, since a worker
// may not. Firefox asks its reader then, others decide by themselves; `panda.storage()` says what came of it.

let asked = false;

/** Asks once for each page. */
export async function keepThisSite() {
  if (asked) return;
  asked = true;
  try {
    await navigator.storage?.persist?.(); // nobody is bothered where it is so already
  } catch {
    // site data are forbidden here, and then nothing was written either
  }
}
