// One measurement of llama.cpp through node-llama-cpp: seconds for a prompt and for decoding behind it, as one line of JSON.
// node llama.mjs MODEL PROMPT_TOKENS DECODED_TOKENS THREADS
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const [path, promptTokens, decodedTokens, threads] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const llama = await getLlama({ gpu: false, maxThreads: threads, build: "never", logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: path, useMmap: true });
const context = await model.createContext({
    contextSize: promptTokens + decodedTokens + 64,
    batchSize: Math.max(512, promptTokens),
    threads,
    flashAttention: false,
});
const sequence = context.getSequence();
// The same identifiers as 'tapeout bench' uses; no value of them matters for time.
const tokens = Array.from({ length: promptTokens }, (_, i) => 1 + (i % 255));

async function prefill() {
    await sequence.clearHistory();
    const start = process.hrtime.bigint();
    await sequence.evaluateWithoutGeneratingNewTokens(tokens);
    return Number(process.hrtime.bigint() - start) / 1e9;
}

async function decode() {
    await sequence.clearHistory();
    let made = 0;
    let start = 0n;
    for await (const _ of sequence.evaluate([1], { temperature: 0, yieldEogToken: true })) {
        // The first token is not counted: it pays for the start.
        if (made === 0) start = process.hrtime.bigint();
        if (made++ === decodedTokens) break;
    }
    return Number(process.hrtime.bigint() - start) / 1e9;
}

if (promptTokens > 0) await prefill();
const result = {
    prefillSeconds: promptTokens > 0 ? await prefill() : null,
    decodeSeconds: decodedTokens > 0 ? await decode() : null,
};
console.log(JSON.stringify(result));
process.exit(0);
