// The record, or the section, is named behind the #, where only a script can read it.
(() => {
  const named = /^#CardModuleV2\/(\w+)\/edit\/([0-9a-f-]{36})/i.exec(location.hash);
  if (named) return location.replace(`/desk/open/${named[1]}/${named[2]}`);
  const section = /^#(?:SectionModuleV2|IntroPage)\/(\w+)/i.exec(location.hash);
  if (section) location.replace(`/desk/open/${section[1]}`);
})();
