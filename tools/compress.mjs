// Compresses a file ahead of time, as well as the two formats can: FILE.br for servers that negotiate, FILE.gz for
// those and for the worker, which unpacks it by itself where a host cannot.
//
//   node compress.mjs FILE OUT.br OUT.gz
import { readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [file, brotli, gzip] = process.argv.slice(2);
const data = readFileSync(file);
const params = {
  [constants.BROTLI_PARAM_QUALITY]: 11,
  [constants.BROTLI_PARAM_LGWIN]: 24,
  [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
};
writeFileSync(brotli, brotliCompressSync(data, { params }));
writeFileSync(gzip, gzipSync(data, { level: 9 }));
