// Writes a GGUF file with the same metadata and the Q4_1, Q8_0 and Q4_0 matrices in another of ggml's round formats, as its reference quantiser defines them:
// Q8_0: d = largest magnitude / 127; Q4_0: d = the value of largest magnitude / −8. All else is copied.
//   node requantise.mjs IN.gguf OUT.gguf q8_0|q4_0
import { readFileSync, writeFileSync, renameSync } from "node:fs";

const types = {
    q4_0: { id: 2, bytes: 18 },
    q4_1: { id: 3, bytes: 20 },
    q8_0: { id: 8, bytes: 34 },
};
const plain = new Map([[0, 4], [1, 2]]); // bytes of an element of F32 and F16
const scalarBytes = [1, 1, 2, 2, 4, 4, 4, 1, null, null, 8, 8, 8];

const [input, output, wanted] = process.argv.slice(2);
const target = types[wanted];
if (!input || !output || !target || wanted === "q4_1") {
    console.error("usage: node requantise.mjs IN.gguf OUT.gguf q8_0|q4_0");
    process.exit(2);
}
const file = readFileSync(input);
if (file.toString("latin1", 0, 4) !== "GGUF") {
    console.error(`${input} is no GGUF file.`);
    process.exit(2);
}

let at = 4;
const u32 = () => file.readUInt32LE((at += 4) - 4);
const u64 = () => Number(file.readBigUInt64LE((at += 8) - 8));
const text = () => { const length = u64(); at += length; return file.toString("utf8", at - length, at); };
function skip(type) {
    if (type === 8) text();
    else if (type === 9) { const of = u32(); for (let left = u64(); left > 0; left--) skip(of); }
    else at += scalarBytes[type];
}

u32();
const tensorCount = u64();
const metadataCount = u64();
let alignment = 32;
for (let i = 0; i < metadataCount; i++) {
    const key = text();
    const type = u32();
    if (key === "general.alignment") alignment = file.readUInt32LE(at);
    skip(type);
}
const align = (n) => Math.ceil(n / alignment) * alignment;
const head = file.subarray(0, at);
const tensors = [];
for (let i = 0; i < tensorCount; i++) {
    const start = at;
    text();
    const dimensions = u32();
    let elements = 1;
    for (let d = 0; d < dimensions; d++) elements *= u64();
    const info = file.subarray(start, at);
    tensors.push({ info, dimensions, elements, type: u32(), offset: u64() });
}
const data = align(at);

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);
function fromHalf(h) {
    const magnitude = h & 0x7fff;
    const value = magnitude < 0x400 ? magnitude * 2 ** -24 : (1 + (magnitude & 0x3ff) / 1024) * 2 ** ((magnitude >> 10) - 15);
    return h & 0x8000 ? -value : value;
}
function toHalf(value) {
    float[0] = value;
    const sign = (bits[0] >>> 16) & 0x8000;
    const magnitude = Math.abs(float[0]);
    if (magnitude === 0) return sign;
    const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
    const scaled = magnitude / 2 ** (exponent - 10);
    const floor = Math.floor(scaled);
    const rest = scaled - floor;
    const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
    return sign | (rounded < 1024 ? rounded : ((exponent + 15) << 10) + (rounded - 1024));
}

const values = new Float32Array(32);
function decode(type, block) {
    const d = fromHalf(file.readUInt16LE(block));
    if (type === 8) { for (let j = 0; j < 32; j++) values[j] = d * file.readInt8(block + 2 + j); return; }
    const minimum = type === 3 ? fromHalf(file.readUInt16LE(block + 2)) : -8 * d;
    const codes = block + (type === 3 ? 4 : 2);
    for (let j = 0; j < 16; j++) {
        values[j] = d * (file[codes + j] & 15) + minimum;
        values[j + 16] = d * (file[codes + j] >> 4) + minimum;
    }
}
const roundAway = (x) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
function encode(out, block) {
    let most = 0;
    for (const value of values) if (Math.abs(value) > Math.abs(most)) most = value;
    const d = target.id === 8 ? Math.abs(most) / 127 : most / -8;
    const inverse = d === 0 ? 0 : Math.fround(1 / Math.fround(d));
    out.writeUInt16LE(toHalf(d), block);
    if (target.id === 8) { for (let j = 0; j < 32; j++) out.writeInt8(roundAway(Math.fround(values[j] * inverse)), block + 2 + j); return; }
    for (let j = 0; j < 16; j++) {
        const low = Math.min(15, Math.trunc(Math.fround(values[j] * inverse) + 8.5));
        const high = Math.min(15, Math.trunc(Math.fround(values[j + 16] * inverse) + 8.5));
        out[block + 2 + j] = low | (high << 4);
    }
}

const byId = new Map(Object.values(types).map((t) => [t.id, t]));
const infos = [];
const parts = [];
let place = 0;
for (const tensor of tensors) {
    const round = byId.get(tensor.type);
    const bytes = round ? (tensor.elements / 32) * round.bytes : tensor.elements * plain.get(tensor.type);
    if (!bytes) {
        console.error(`a tensor has type ${tensor.type}, which this script does not read.`);
        process.exit(2);
    }
    let part = file.subarray(data + tensor.offset, data + tensor.offset + bytes);
    if (round) {
        part = Buffer.alloc((tensor.elements / 32) * target.bytes);
        for (let block = 0; block < tensor.elements / 32; block++) {
            decode(tensor.type, data + tensor.offset + block * round.bytes);
            encode(part, block * target.bytes);
        }
    }
    const tail = Buffer.alloc(12);
    tail.writeUInt32LE(round ? target.id : tensor.type, 0);
    tail.writeBigUInt64LE(BigInt(place), 4);
    infos.push(tensor.info, tail);
    parts.push(part, Buffer.alloc(align(part.length) - part.length));
    place += align(part.length);
}
const front = Buffer.concat([head, ...infos]);
writeFileSync(`${output}.partial`, Buffer.concat([front, Buffer.alloc(align(front.length) - front.length), ...parts]));
renameSync(`${output}.partial`, output);
console.log(`${output}: ${tensors.length} tensors, matrices in ${wanted}`);
