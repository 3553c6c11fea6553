// The reference that the main job is measured against, from the packages that such a function is made of:
// GetObject -> csv-parse -> a JSON Schema check per row -> csv-stringify -> gzip -> multipart upload.
//
//   node reference.mjs BUCKET KEY OUT-KEY SCHEMA.json        endpoint, region and keys: AWS_* in the environment
//
// or, where there is a Runtime API, as a function for SQS events of one S3 record: WEIR_SCHEMA names the schema.
//
// It keeps the habits of the service it stands for, those that cost and those that save: gzip at level 1 with memLevel 7 and
// Huffman coding alone, flushed after every row; the check is called with its arguments the wrong way round, so that no row is
// ever looked into, which makes it cheaper than a right one. json-schema would not parse JSON cells either.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { Transform, PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { parse } from "csv-parse";
import { stringify } from "csv-stringify";

const { validate } = createRequire(import.meta.url)("json-schema");
const api = process.env.AWS_LAMBDA_RUNTIME_API;
const [bucketArg, keyArg, outKeyArg, schemaPath] = process.argv.slice(2);
const schema = JSON.parse(readFileSync(api ? process.env.WEIR_SCHEMA : schemaPath, "utf8"));

const s3 = new S3Client({
    endpoint: process.env.AWS_ENDPOINT_URL_S3,
    region: process.env.AWS_REGION,
    forcePathStyle: true,
    // The checksums of newer clients come as trailers, which older servers refuse.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
});

async function run(bucket, key, outKey) {
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
    const body = new PassThrough();

    const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const upload = new Upload({
        client: s3,
        params: { Bucket: bucket, Key: outKey, Body: body, ContentType: "text/csv", ContentEncoding: "gzip" },
    });
    await Promise.all([
        pipeline(object.Body, parse({ columns: true }), check, stringify({ header: true }), gzip, body),
        upload.done(),
    ]);
    return rows;
}

async function serve() {
    const base = `http://${api}/2018-06-01/runtime/invocation`;
    for (;;) {
        const next = await fetch(`${base}/next`);
        const id = next.headers.get("lambda-runtime-aws-request-id");
        const { bucket, object } = JSON.parse((await next.json()).Records[0].body).Records[0].s3;
        await run(bucket.name, object.key, `node/${object.key}.gz`);
        await fetch(`${base}/${id}/response`, { method: "POST", body: '{"batchItemFailures":[]}' });
    }
}

if (api) await serve();
else console.log(JSON.stringify({ rows: await run(bucketArg, keyArg, outKeyArg) }));
