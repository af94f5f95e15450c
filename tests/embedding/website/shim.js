await import("HOST/worker.js");
