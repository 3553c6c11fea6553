// The reference that the main job is measured against, from the packages that such a function is made of:
// GetObject -> csv-parse -> a JSON Schema check per row -> csv-stringify -> gzip -> multipart upload.
//
//   node reference.mjs IN OUT SCHEMA.json        IN and OUT: a path, or s3://bucket/key
//
// or, where there is a Runtime API, as a function for SQS events of one S3 record: WEIR_SCHEMA names the schema.
//
// It keeps the habits of the service it stands for, those that cost and those that save: gzip at level 1 with memLevel 7 and
// Huffman coding alone, flushed after every row; the check is called with its arguments the wrong way round, so that no row is
// ever looked into, which makes it cheaper than a right one. json-schema would not parse JSON cells either.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import { parse } from "csv-parse";
import { stringify } from "csv-stringify";
import { sink, source } from "./ends.mjs";

const { validate } = createRequire(import.meta.url)("json-schema");
const api = process.env.AWS_LAMBDA_RUNTIME_API;
const [inName, outName, schemaPath] = process.argv.slice(2);
const schema = JSON.parse(readFileSync(api ? process.env.WEIR_SCHEMA : schemaPath, "utf8"));

async function run(from, to) {
    let rows = 0;
    const check = new Transform({
        objectMode: true,
        transform(row, _encoding, done) {
            rows++;
            const result = validate(schema, row);
            row.valid = result.valid;
            if (!result.valid) row.errors = result.errors.map((e) => `${e.property}: ${e.message}`).join("; ");
            done(null, row);
        },
    });
    const gzip = zlib.createGzip({
        level: 1,
        memLevel: 7,
        strategy: zlib.constants.Z_HUFFMAN_ONLY,
        flush: zlib.constants.Z_SYNC_FLUSH,
    });
    const body = await source(from);
    const { stream, done } = await sink(to);
    await Promise.all([pipeline(body, parse({ columns: true }), check, stringify({ header: true }), gzip, stream), done]);
    return rows;
}

async function serve() {
    const base = `http://${api}/2018-06-01/runtime/invocation`;
    for (;;) {
        const next = await fetch(`${base}/next`);
        const id = next.headers.get("lambda-runtime-aws-request-id");
        const { bucket, object } = JSON.parse((await next.json()).Records[0].body).Records[0].s3;
        await run(`s3://${bucket.name}/${object.key}`, `s3://${bucket.name}/node/${object.key}.gz`);
        await fetch(`${base}/${id}/response`, { method: "POST", body: '{"batchItemFailures":[]}' });
    }
}

if (api) await serve();
else console.log(JSON.stringify({ rows: await run(inName, outName) }));
