/** The report's looks: one sheet, no fonts or files from elsewhere, readable on paper and in the dark. */
export const STYLE = `
:root{--ink:#1c2530;--soft:#5b6570;--line:#dfe3e7;--page:#f6f7f8;--card:#fff;--good:#2f7d5b;--bad:#b3372f;--warn:#8a6d00;--accent:#33658a}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 20px 80px}
header h1{font-size:26px;margin:0 0 4px}
header p{margin:0;color:var(--soft)}
.verdict{display:inline-block;padding:4px 12px;border-radius:14px;color:#fff;font-weight:600;margin-bottom:12px}
.passed .mark,.verdict.succeeded{background:var(--good)}
.failed .mark,.verdict.failed,.verdict.stopped{background:var(--bad)}
.unchecked .mark{background:var(--warn)}
.mark{display:inline-block;min-width:82px;text-align:center;color:#fff;border-radius:10px;font-size:12px;padding:1px 8px;font-weight:600}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:20px 24px;margin-top:20px;overflow-x:auto}
h2{font-size:18px;margin:0 0 12px}
h3{font-size:15px;margin:18px 0 6px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(128px,1fr));gap:12px;margin-top:20px}
.figures div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.figures b{display:block;font-size:24px;font-variant-numeric:tabular-nums}
.figures span{color:var(--soft);font-size:13px}
table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;color:var(--soft);font-weight:600;border-bottom:1px solid var(--line);padding:6px 8px;white-space:nowrap}
td{border-bottom:1px solid var(--line);padding:6px 8px;vertical-align:top}
tr:last-child td{border-bottom:0}
td:has(>.passed>.mark),td:has(>.failed>.mark),td:has(>.unchecked>.mark){width:110px}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.soft{color:var(--soft)}
.zero{color:#a7b0b8}
.bad{color:var(--bad);font-weight:600}
code{font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--page);padding:0 4px;border-radius:4px;overflow-wrap:anywhere}
details{margin:4px 0}
summary{cursor:pointer}
svg{width:100%;height:auto;display:block}
footer{color:var(--soft);font-size:13px;margin-top:24px}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#9aa5af;--line:#333c45;--page:#14181c;--card:#1d2329;--good:#3d9970;--bad:#d9574e;--warn:#a98600}.zero{color:#5d6872}svg text{fill:#9aa5af}}
@media print{body{background:#fff}section,.figures div{break-inside:avoid;border-color:#ccc}details{display:block}}
`
