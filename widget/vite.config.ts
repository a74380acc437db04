import { defineConfig } from "vite";

// One classic script of a fixed name: a site's tag names it for years. No hash, no source map, no
// second file. The folder is shared with other built assets, so it is never emptied.
export default defineConfig({
  build: {
    outDir: "../src/caseway/web/static/built",
    emptyOutDir: false,
    target: ["es2022", "safari16"],
    reportCompressedSize: true,
    lib: {
      entry: "src/widget.ts",
      formats: ["iife"],
      name: "CasewayWidget",
      fileName: () => "widget.js",
    },
    rolldownOptions: {
      output: {
        postBanner: "/*! Caseway chat widget, Apache-2.0. Contains Lit, BSD-3-Clause, Copyright Google LLC, and idb-keyval, Apache-2.0, Copyright Jake Archibald. */",
      },
    },
  },
});
