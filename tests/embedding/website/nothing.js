await import("HOST/nothing.js");
