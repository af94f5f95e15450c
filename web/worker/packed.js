// Where the host does not compress by itself, the packed copy of a file is taken and unpacked in the browser.

/**
 * @param {{file: string, bytes: number, packed?: number}} part packed: where there is a packed copy
 * @param {(file: string) => Promise<Response>} ask
 */
export async function asked({ file, bytes, packed }, ask) {
  const response = await ask(file);
  const asItIs = Number(response.headers.get("Content-Length")) === bytes;
  if (!packed || !asItIs || !crypto.subtle || !("DecompressionStream" in globalThis)) return response;
  void response.body?.cancel();
  return ask(`${file}.gz`);
}
