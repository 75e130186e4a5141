// As most functions are written: clients at the top, the secret read when it is first needed.
import { handler } from "./bell.mjs";
import { run } from "./runtime.mjs";

run(handler);
