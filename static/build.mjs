// Bundles what the browser loads into static/dist, under hashed names, and keeps the budget.
//
//   node static/build.mjs            build once, print the sizes, fail when over the budget
//   node static/build.mjs --watch    build again at every change
//
// static/dist/manifest.json tells the server which file stands for each logical name.

import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import * as esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const dist = path.join(here, 'dist');
const addressOfDist = '/static/dist/';

// The oldest phones that we promise to serve: Android 5 WebViews stopped at Chrome 70 or later.
const targets = ['es2019', 'chrome70'];

// What a resident downloads to send a report on a slow line: 60 KB gz is about two seconds of
// 3G at 250 kbit/s. Leaflet and the land's outlines come only when the map is asked for.
const reportBudgetBytes = 60 * 1024;
const reportPages = ['js/pages/home.js', 'js/pages/report.js', 'js/pages/receipt.js'];

const entryPoints = [
  'js/main.js',
  'js/official.js',
  'css/resident.css',
  'css/official.css',
  'css/leaflet.css',
];
const workerEntry = 'js/service-worker.js';
// The pages a phone must be able to show with no signal; see service-worker.js.
const shellEntries = ['js/main.js', 'css/resident.css'];

const options = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  target: targets,
  format: 'esm',
  splitting: true,
  metafile: true,
  write: true,
  legalComments: 'none',
  logLevel: 'warning',
  outdir: dist,
  entryNames: '[name]-[hash]',
  chunkNames: 'part-[name]-[hash]',
  assetNames: 'images/[name]-[hash]',
  publicPath: addressOfDist,
  loader: { '.png': 'file', '.svg': 'file' },
};

/** Hashed names of all entry points by logical name, e.g. "main.js". */
function namesOf(metafile) {
  const names = {};
  for (const [output, facts] of Object.entries(metafile.outputs)) {
    if (facts.entryPoint && entryPoints.includes(facts.entryPoint.replace(/^static\//, ''))) {
      names[path.basename(facts.entryPoint)] = path.basename(output);
    }
  }
  return names;
}

/** Outputs that arrive together with `entry`: itself and whatever it imports statically. */
function outputsOf(metafile, entry) {
  const wanted = new Set();
  const visit = (output) => {
    if (wanted.has(output)) return;
    wanted.add(output);
    for (const part of metafile.outputs[output].imports) {
      if (part.kind === 'import-statement') visit(part.path);
    }
  };
  for (const [output, facts] of Object.entries(metafile.outputs)) {
    if (facts.entryPoint === `static/${entry}`) visit(output);
  }
  return wanted;
}

/** The service worker, told which files are the shell; its name changes when they change. */
async function buildWorker(metafile, names) {
  if (!existsSync(path.join(here, workerEntry))) return;
  const outputs = new Set();
  for (const entry of [...shellEntries, ...reportPages, 'js/pages/mine.js']) {
    for (const output of outputsOf(metafile, entry)) outputs.add(output);
  }
  const shell = [...outputs].map((output) => addressOfDist + path.relative('static/dist', output));
  const version = createHash('sha256').update(shell.sort().join()).digest('hex').slice(0, 12);
  const built = await esbuild.build({
    ...options,
    entryPoints: [`static/${workerEntry}`],
    splitting: false,
    format: 'iife',
    define: { SHELL_FILES: JSON.stringify(shell), SHELL_VERSION: JSON.stringify(version) },
  });
  [names['service-worker.js']] = Object.keys(built.metafile.outputs).map((name) => path.basename(name));
}

/** Old files go only after the new manifest stands, so that a running server never misses one. */
async function sweep(kept) {
  for (const folder of ['', 'images']) {
    const inside = path.join(dist, folder);
    for (const item of await readdir(inside, { withFileTypes: true }).catch(() => [])) {
      const name = path.posix.join(folder, item.name);
      if (item.isFile() && !kept.has(name)) await rm(path.join(dist, name), { force: true });
    }
  }
}

/** Bytes of `output` as they travel. */
async function gzBytes(output) {
  return gzipSync(await readFile(path.join(root, output)), { level: 9 }).length;
}

/** Prints every file's size and the report flow's sum; returns whether the budget is kept. */
async function weigh(metafile) {
  const names = Object.keys(metafile.outputs).filter((name) => /\.(js|css)$/.test(name));
  const sizes = new Map();
  for (const name of names) sizes.set(name, await gzBytes(name));
  const flow = new Set();
  for (const entry of ['js/main.js', 'css/resident.css', ...reportPages, 'js/lib/photo-facts.js']) {
    for (const output of outputsOf(metafile, entry)) flow.add(output);
  }
  const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1).padStart(6)} KB gz`;
  for (const name of names.sort()) {
    console.log(`${kilobytes(sizes.get(name))}  ${flow.has(name) ? '*' : ' '} ${path.basename(name)}`);
  }
  const sum = [...flow].reduce((total, name) => total + sizes.get(name), 0);
  console.log(`${kilobytes(sum)}  * report flow, budget ${reportBudgetBytes / 1024} KB`);
  return sum <= reportBudgetBytes;
}

async function finish({ metafile }) {
  const names = namesOf(metafile);
  await buildWorker(metafile, names);
  const manifest = path.join(dist, 'manifest.json');
  await writeFile(`${manifest}.new`, `${JSON.stringify(names, null, 2)}\n`);
  await rename(`${manifest}.new`, manifest);
  const kept = new Set(Object.keys(metafile.outputs).map((name) => path.relative('static/dist', name)));
  Object.values(names).forEach((name) => kept.add(name));
  await sweep(kept.add('manifest.json'));
  return weigh(metafile);
}

async function main() {
  await mkdir(dist, { recursive: true });
  const present = entryPoints.filter((entry) => existsSync(path.join(here, entry)));
  const settings = { ...options, entryPoints: present.map((entry) => `static/${entry}`) };
  if (process.argv.includes('--watch')) {
    const plugin = { name: 'finish', setup: (build) => build.onEnd((made) => { if (made.metafile) return finish(made).then(() => undefined); }) };
    await (await esbuild.context({ ...settings, plugins: [plugin] })).watch();
    return;
  }
  const isWithinBudget = await finish(await esbuild.build(settings));
  if (!isWithinBudget) {
    console.error('The report flow is over its budget: find what grew, or load it later.');
    process.exitCode = 1;
  }
}

await main();
