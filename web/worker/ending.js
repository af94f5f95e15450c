// The end of a worker that its page has no use for any more: between two transactions of IndexedDB, and in none.
//
// WebKit keeps a transaction whose worker was terminated in the middle of it, and whatever is asked of that database
// afterwards waits for it without end, in all tabs, also after a reload (https://bugs.webkit.org/show_bug.cgi?id=324094).

let underWay = 0;
let ending = false;

/** Counts transactions from now on. */
export function countTransactions() {
  if (!self.IDBDatabase) return;
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function begin(/** @type {Parameters<typeof transaction>} */ ...given) {
    if (ending) throw new DOMException("This worker ends.", "InvalidStateError");
    const begun = transaction.apply(this, given);
    underWay += 1;
    begun.addEventListener("complete", over);
    begun.addEventListener("abort", over);
    return begun;
  };
}

function over() {
  underWay -= 1;
  if (ending) end();
}

/** Begins no other transaction, and ends the worker as soon as there is none. */
export function end() {
  ending = true;
  if (underWay === 0) self.close();
}
