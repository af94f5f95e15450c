// Before everything else in the worker: a browser whose WebCrypto has no Ed25519.
for (const name of ["generateKey", "importKey", "sign", "verify"]) {
  const real = SubtleCrypto.prototype[name];
  SubtleCrypto.prototype[name] = function (...args) {
    if (args.some((one) => one === "Ed25519" || one?.name === "Ed25519")) {
      return Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"));
    }
    return real.apply(this, args);
  };
}
