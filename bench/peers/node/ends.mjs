// Where the peers read from and write to: paths, and s3://bucket/key (endpoint, region and keys: AWS_* in the environment).
import { createReadStream, createWriteStream } from "node:fs";
import { PassThrough } from "node:stream";

let client;

async function s3() {
    const { S3Client } = await import("@aws-sdk/client-s3");
    client ??= new S3Client({
        endpoint: process.env.AWS_ENDPOINT_URL_S3,
        region: process.env.AWS_REGION,
        forcePathStyle: true,
        // The checksums of newer clients come as trailers, which older servers refuse.
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
    });
    return client;
}

function object(url) {
    const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(url);
    return { Bucket, Key };
}

export async function source(name) {
    if (!name.startsWith("s3://")) return createReadStream(name, { highWaterMark: 1 << 18 });
    const { GetObjectCommand } = await import("@aws-sdk/client-s3");
    return (await (await s3()).send(new GetObjectCommand(object(name)))).Body;
}

// A stream, and a promise of its bytes being where they belong.
export async function sink(name) {
    if (!name.startsWith("s3://")) return { stream: createWriteStream(name), done: Promise.resolve() };
    const { Upload } = await import("@aws-sdk/lib-storage");
    const stream = new PassThrough();
    const params = { ...object(name), Body: stream, ContentType: "text/csv", ContentEncoding: "gzip" };
    return { stream, done: new Upload({ client: await s3(), params }).done() };
}
