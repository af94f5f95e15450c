// Compresses files ahead of time, as well as the two formats can: .br for servers that negotiate, .gz for those and for
// the worker, which unpacks it by itself where a host cannot. Written as OUT/0.br, OUT/0.gz, OUT/1.br and so on.
//
//   node compress.mjs OUT FILE...
import { readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [out, ...files] = process.argv.slice(2);
for (const [number, file] of files.entries()) {
  const data = readFileSync(file);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
  };
  writeFileSync(`${out}/${number}.br`, brotliCompressSync(data, { params }));
  writeFileSync(`${out}/${number}.gz`, gzipSync(data, { level: 9 }));
}
