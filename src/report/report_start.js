// Everything is in the page before its script runs.
document.documentElement.classList.add("scripted");
readReport().then((report) => {
  startMembers(report);
  startMap(report);
  document.documentElement.classList.add("ready");
});
