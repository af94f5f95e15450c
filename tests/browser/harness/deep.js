// The first element that a path finds: " >>> " leads into what an element has inside.
(path) => path.split(" >>> ").reduce((at, css) => (at?.shadowRoot ?? at)?.querySelector(css), document)
