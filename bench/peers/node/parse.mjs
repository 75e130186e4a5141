// JSON.parse of a monitor that is in memory as a whole, as `fetch` leaves it: milliseconds, the best of five, and MB resident.
import { readFileSync } from "node:fs";

const bytes = readFileSync(process.argv[2]);
const idle = process.memoryUsage().rss;
let [best, chroots] = [Infinity, 0];
for (let time = 0; time < 5; time += 1) {
  const begin = performance.now();
  const { packages } = JSON.parse(bytes.toString());
  best = Math.min(best, performance.now() - begin);
  chroots = packages.reduce((sum, { chroots }) => sum + Object.keys(chroots).length, 0);
}
const peak = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ ms: best, chroots, mb: (peak - idle) / 1e6 }));
