/**
 * Refuses regular expressions that a text can keep busy for longer than its length allows.
 *
 * In the code of addons, texts come from outside: each expression has to be linear there, and made
 * of constants, for only these can be checked. Tests and development commands read what this
 * repository writes itself: there an exponential expression alone is a mistake.
 */
const {execFileSync} = require("child_process");
process.env.RECHECK_BACKEND = "pure";
const {checkSync} = require("recheck");

const TIMEOUT_MILLISECONDS = 120000;
const INSIDE = /^dev\/|\/tests\//;

function complaintOf({path, source, flags}) {
    const isInside = INSIDE.test(path);
    if (source === null) {
        return isInside ? null : "is not made of constants, so it cannot be checked";
    }
    const checker = isInside ? "automaton" : "auto";
    const found = checkSync(source, flags, {checker, timeout: TIMEOUT_MILLISECONDS});
    if (found.status === "unknown") {
        return isInside ? null : `cannot be judged (${found.error.kind}): ${source}`;
    }
    const isFine =
        found.status === "safe" || (isInside && found.complexity.type !== "exponential");
    return isFine ? null : `takes too long (${found.complexity.summary}): ${source}`;
}

const extracted = execFileSync("python3", [`${__dirname}/patterns.py`, ...process.argv.slice(2)], {
    maxBuffer: 1e8,
});
for (const expression of JSON.parse(extracted)) {
    const complaint = complaintOf(expression);
    if (complaint) {
        console.log(`${expression.path}:${expression.line}: ${complaint}`);
        process.exitCode = 1;
    }
}
