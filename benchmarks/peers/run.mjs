// Runs llama.cpp and Tapeout on the same model file, one after the other, round by round, and prints the medians and the ratio of each round with its spread.
// Both run alone: a computer that does other things gives the ratio a spread that shows it.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const options = { prompt: "512", tokens: "128", threads: "2", rounds: "5", format: "native", "llama-bench": "", tapeout: join(here, "../../tapeout") };
const words = process.argv.slice(2);
let model = "";
while (words.length > 0) {
    const word = words.shift();
    if (!word.startsWith("--")) model = word;
    else if (word.slice(2) in options && words.length > 0) options[word.slice(2)] = words.shift();
    else fail(`'${word}' is no option: use ${Object.keys(options).map(o => `--${o}`).join(", ")}, each with a value.`);
}
if (!existsSync(model)) fail(`Name a .gguf file: node run.mjs MODEL [--threads 2] [--rounds 5]; '${model}' is not there.`);

const peers = { "llama.cpp": options["llama-bench"] ? llamaBench : nodeLlama, tapeout };
const rates = { "llama.cpp": { prefill: [], decode: [] }, tapeout: { prefill: [], decode: [] } };
for (let round = 0; round < Number(options.rounds); round++) {
    // The order turns round, so that neither is always the one that finds a warm or a throttled processor.
    const names = round % 2 === 0 ? Object.keys(peers) : Object.keys(peers).reverse();
    for (const name of names) {
        const { prefill, decode } = peers[name]();
        rates[name].prefill.push(prefill);
        rates[name].decode.push(decode);
        console.error(`round ${round + 1}: ${name} prefill ${prefill.toFixed(1)}, decode ${decode.toFixed(1)} tokens/s`);
    }
}
console.log(`${model}, tapeout --format ${options.format}, ${options.threads} threads, ${options.rounds} alternating rounds, tokens/s`);
console.log("| test | llama.cpp median | tapeout median | ratio, median | ratio, lowest to highest |");
console.log("|---|---|---|---|---|");
for (const [test, label] of [["prefill", `prefill of ${options.prompt}`], ["decode", `decode of ${options.tokens}`]]) {
    const theirs = rates["llama.cpp"][test];
    const ours = rates.tapeout[test];
    const ratios = ours.map((rate, i) => rate / theirs[i]);
    const row = [label, median(theirs).toFixed(1), median(ours).toFixed(1), median(ratios).toFixed(2)];
    console.log(`| ${row.join(" | ")} | ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)} |`);
}

function nodeLlama() {
    const line = run(process.execPath, [join(here, "llama.mjs"), model, options.prompt, options.tokens, options.threads]);
    const { prefillSeconds, decodeSeconds } = JSON.parse(line.trim().split("\n").at(-1));
    return { prefill: Number(options.prompt) / prefillSeconds, decode: Number(options.tokens) / decodeSeconds };
}

function llamaBench() {
    const rows = JSON.parse(
        run(options["llama-bench"], ["-m", model, "-p", options.prompt, "-n", options.tokens, "-t", options.threads, "-r", "1", "-ngl", "0", "-o", "json"]),
    );
    return { prefill: rows.find(r => r.n_gen === 0).avg_ts, decode: rows.find(r => r.n_prompt === 0).avg_ts };
}

function tapeout() {
    const { rows } = JSON.parse(
        run(options.tapeout, [
            "bench", "--model", model, "--format", options.format, "--threads", options.threads,
            "--prompt-tokens", options.prompt, "--gen-tokens", options.tokens, "--repetitions", "1", "--json",
        ]),
    );
    const rate = test => rows.find(r => r.test.startsWith(test)).tokensPerSecond;
    return { prefill: rate("pp"), decode: rate("tg") };
}

function run(program, args) {
    return execFileSync(program, args, { encoding: "utf8", maxBuffer: 1 << 26, stdio: ["ignore", "pipe", "inherit"] });
}

function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function fail(sentence) {
    console.error(`peers: ${sentence}`);
    process.exit(2);
}
