// What the dashboard's pages load that is not ours: Tabler's styles, htmx, and the icons listed in
// icons.txt. Each is written with its compressed forms beside it. The folder is shared with the
// widget, so it is never emptied.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const BUILT = new URL("../src/caseway/web/static/built/", import.meta.url);
const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");

function write(name, text) {
  const content = Buffer.from(text);
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  writeFileSync(new URL(name, BUILT), content);
  writeFileSync(new URL(`${name}.gz`, BUILT), gzipSync(content, { level: 9 }));
  writeFileSync(new URL(`${name}.br`, BUILT), brotliCompressSync(content, best));
}

// The strokes' look is said once by the symbol and the style sheet, not by each path.
const SAID_ONCE = / (?:fill="none"|stroke="currentColor"|stroke-line(?:cap|join)="round"|stroke-width="2")/g;

function icons() {
  const all = JSON.parse(read("node_modules/@iconify-json/tabler/icons.json")).icons;
  const names = read("icons.txt").split("\n").filter(Boolean);
  const unknown = names.filter((name) => !(name in all));
  if (unknown.length) throw new Error(`Tabler has no icon of the name ${unknown.join(", ")}`);
  const drawn = (name) => all[name].body.replace(SAID_ONCE, "").replace(/^<g>(.*)<\/g>$/, "$1");
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, drawn(name)])));
}

mkdirSync(BUILT, { recursive: true });
for (const name of ["tabler.min.css", "tabler.rtl.min.css"]) {
  const css = read(`node_modules/@tabler/core/dist/css/${name}`);
  write(name, css.replace(/\n?\/\*# sourceMappingURL=.*?\*\/\s*$/, "\n"));
}
write("htmx.min.js", read("node_modules/htmx.org/dist/htmx.min.js"));
write("icons.json", icons());
