// Writes tests/golden/post_form.txt: forms as the JavaScript SDK makes them.
//
//   npm install @aws-sdk/client-s3 @aws-sdk/s3-presigned-post     (in a folder outside of the tree, and copy this file there)
//   node post_form_golden.mjs > tests/golden/post_form.txt
//
// The unit test that reads the file needs neither. A line is a form: time, endpoint, region, session token, bucket, key, content
// type, smallest and largest size, seconds to live, and the SDK's answer as JSON, separated by tabs; "-" is one that is not there.
import { S3Client } from "@aws-sdk/client-s3";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";

const token = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCWV1LXdlc3QtMSJHMEUCIQ+abc/def==";
const keys = ["uploads/0f5c.csv", "uploads/${filename}", "${filename}", "a b/\u00e9\u20ac\u{1F600}\"\\.csv", "x/${filename}/y", "$", "tab\there"];
const endpoints = [["-", "eu-west-1"], ["-", "us-west-2"], ["http://127.0.0.1:9000", "us-east-1"], ["https://store.example/s3", "garage"]];
const types = ["-", "text/csv", "application/vnd.ms-excel; charset=\"utf-8\""];
const sizes = [[0, 5368709120], [1, 1048576], [7, 7]];

let n = 0;
for (const [endpoint, region] of endpoints) {
    for (const Key of keys) {
        for (const type of types) {
            const now = 1369353600 + n * 7654321;
            const bucket = n % 5 === 4 ? "dotted.bucket" : "weir-demo";
            const session = n % 3 === 1 ? token : "-";
            const [low, high] = sizes[n % sizes.length];
            const live = [3600, 1, 604800][n % 3];
            n += 1;
            Date.now = () => now * 1000;
            const client = new S3Client({
                region,
                credentials: {
                    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
                    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                    ...(session === "-" ? {} : { sessionToken: session }),
                },
                ...(endpoint === "-" ? {} : { endpoint, forcePathStyle: true }),
            });
            const form = await createPresignedPost(client, {
                Bucket: bucket,
                Key,
                Conditions: [["content-length-range", low, high]],
                Fields: type === "-" ? {} : { "Content-Type": type },
                Expires: live,
            });
            const line = [now, endpoint, region, session, bucket, Key.replace("\t", "\\t"), type, low, high, live, JSON.stringify(form)];
            console.log(line.join("\t"));
        }
    }
}
