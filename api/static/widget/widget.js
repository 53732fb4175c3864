// The one script tag of the chat: <script src="https://HOST/chat/CHANNEL/widget.js" async></script>.
// A classic script, because other sites embed it as one; the rest are modules of the origin it came from.
(() => {
  "use strict";
  const script = document.currentScript;
  const src = new URL(script.src);
  const channel = decodeURIComponent(/\/chat\/([^/]+)\/widget\.js$/.exec(src.pathname)[1]);
  // Behind a path prefix the API lies beside the script, not at the root of the host.
  const base = src.href.slice(0, src.href.lastIndexOf("/chat/"));
  import(`${base}/static/widget/main.js`).then((main) => main.start({ base, channel, script }));
})();
