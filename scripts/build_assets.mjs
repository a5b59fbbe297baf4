// Writes everything the browser and the label printer need from npm packages: style sheet, scripts, icons, fonts.
// Every file that a page asks for carries a hash of its content in its name, so it may be cached for ever;
// manifest.json maps the plain names to the hashed ones (read by portside/kit/render.py).
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const MODULES = path.join(ROOT, "node_modules");
const SOURCE = path.join(ROOT, "portside/web/static");
const DIST = path.join(SOURCE, "dist");
const LABEL_FONTS = path.join(ROOT, "portside/assets/fonts");

// First match wins when a label looks for a glyph, so the small general family comes first. The Chinese family
// also covers Japanese (kana and kanji); Arabic needs a shaping engine to look right, the others do not.
const FAMILIES = [
  { family: "NotoSans", from: "noto-sans", scripts: ["Latin", "Greek", "Cyrillic", "Devanagari"] },
  { family: "NotoSansHebrew", from: "noto-sans-hebrew", scripts: ["Hebrew"] },
  { family: "NotoSansThai", from: "noto-sans-thai", scripts: ["Thai"] },
  { family: "NotoSansArabic", from: "noto-sans-arabic", scripts: ["Arabic"] },
  { family: "NotoSansSC", from: "noto-sans-sc", scripts: ["Chinese", "Japanese"] },
  { family: "NotoSansKR", from: "noto-sans-kr", scripts: ["Korean"] },
];

const manifest = {};

const module = (...parts) => path.join(MODULES, ...parts);
const text = (file) => readFile(file, "utf8");

/** Writes `content` to the output folder under a name with its hash, and notes it in the manifest. */
async function emit(name, content) {
  const { ext, name: stem } = path.parse(name);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  manifest[name] = `${stem}.${hash}${ext}`;
  await writeFile(path.join(DIST, manifest[name]), content);
  return manifest[name];
}

/** The @font-face rules of the user interface's font, pointing at hashed copies of its files. */
async function fontFaces() {
  const folder = module("@fontsource-variable/inter");
  const css = await text(path.join(folder, "index.css"));
  const faces = css.replace(/\/\*.*?\*\//g, "");
  const files = [...faces.matchAll(/url\(\.\/files\/([^)]+)\)/g)].map((match) => match[1]);
  const names = new Map();
  await Promise.all(
    files.map(async (file) => names.set(file, await emit(file, await readFile(path.join(folder, "files", file))))),
  );
  return faces.replace(/url\(\.\/files\/([^)]+)\)/g, (_, file) => `url(${names.get(file)})`);
}

async function styleSheet() {
  const scratch = await mkdtemp(path.join(tmpdir(), "portside-css-"));
  try {
    const out = path.join(scratch, "app.css");
    const cli = module("@tailwindcss/cli/dist/index.mjs");
    const input = path.join(SOURCE, "app.css");
    await promisify(execFile)(process.execPath, [cli, "--input", input, "--output", out, "--minify"], { cwd: ROOT });
    const faces = (await fontFaces()).replace(/\s+/g, " ").trim();
    // Banner comments carry addresses of projects; their licences are in LICENSES.txt.
    const rules = (await text(out)).replace(/\/\*[^]*?\*\//g, "").trim();
    await emit("app.css", `${rules}\n${faces}\n`);
  } finally {
    await rm(scratch, { recursive: true });
  }
}

async function scripts() {
  const htmx = await text(module("htmx.org/dist/htmx.min.js"));
  await emit("htmx.js", `${htmx.replace(/^\/\/# sourceMappingURL=.*$/gm, "").trim()}\n`);
  for (const own of ["app.js", "live.js", "theme.js", "mark.svg"]) await emit(own, await readFile(path.join(SOURCE, own)));
}

/** The reader of the API's description at /docs. */
async function docs() {
  for (const name of ["swagger-ui.css", "swagger-ui-bundle.js"]) {
    const content = await text(module("swagger-ui-dist", name));
    await emit(name, content.replace(/^(\/\/|\/\*)# sourceMappingURL=.*$/gm, ""));
  }
  await emit("docs.js", await readFile(path.join(SOURCE, "docs.js")));
}

/** All icons by name, as the inside of a 24×24 <svg>; the attributes they share are set once by `icon()`. */
async function icons() {
  const set = JSON.parse(await text(module("@iconify-json/lucide/icons.json")));
  const shared = /\s(?:fill="none"|stroke="currentColor"|stroke-linecap="round"|stroke-linejoin="round"|stroke-width="2")/g;
  const bodies = Object.entries(set.icons).map(([name, { body }]) => [name, body.replace(shared, "")]);
  for (const [alias, { parent }] of Object.entries(set.aliases ?? {})) {
    const body = set.icons[parent]?.body;
    if (body) bodies.push([alias, body.replace(shared, "")]);
  }
  await writeFile(path.join(DIST, "icons.json"), JSON.stringify(Object.fromEntries(bodies)));
}

/** TrueType files which the label writer embeds, with the list of families in the order to try them. */
async function labelFonts() {
  const list = await Promise.all(
    FAMILIES.map(async ({ family, from, scripts: written }) => {
      const folder = module("@expo-google-fonts", from);
      const files = { regular: `${family}-Regular.ttf`, bold: `${family}-Bold.ttf` };
      await cp(path.join(folder, `400Regular/${family}_400Regular.ttf`), path.join(LABEL_FONTS, files.regular));
      await cp(path.join(folder, `700Bold/${family}_700Bold.ttf`), path.join(LABEL_FONTS, files.bold));
      await cp(path.join(folder, "LICENSE_FONT"), path.join(LABEL_FONTS, `${family}-OFL.txt`));
      return { family, ...files, scripts: written };
    }),
  );
  await writeFile(path.join(LABEL_FONTS, "fonts.json"), `${JSON.stringify(list, null, 2)}\n`);
}

/** The licences of what is served, next to it, as the licences ask. */
async function licences() {
  const owners = ["htmx.org", "swagger-ui-dist", "daisyui", "tailwindcss", "@fontsource-variable/inter", "@iconify-json/lucide"];
  const chapters = await Promise.all(
    owners.map(async (owner) => {
      const { version, license } = JSON.parse(await text(module(owner, "package.json")));
      const full = await text(module(owner, "LICENSE")).catch(() => "");
      return `${owner} ${version} (${license})\n\n${full.trim()}\n`;
    }),
  );
  await writeFile(path.join(DIST, "LICENSES.txt"), chapters.join(`\n${"-".repeat(80)}\n\n`));
}

for (const folder of [DIST, LABEL_FONTS]) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
}
await Promise.all([styleSheet(), scripts(), docs(), icons(), labelFonts(), licences()]);
const sorted = Object.fromEntries(Object.entries(manifest).sort());
await writeFile(path.join(DIST, "manifest.json"), `${JSON.stringify(sorted, null, 2)}\n`);
console.log(`built ${Object.keys(sorted).length} assets and ${FAMILIES.length} label font families`);
