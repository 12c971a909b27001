// Before the page is drawn: say that scripts run, so that what needs them shows at once and never flashes.
document.documentElement.classList.add("js");

// The stock sidebar is closed until somebody opens it; the admin's own script remembers that.
const SIDEBAR = "django.admin.navSidebarIsOpen";
if (localStorage.getItem(SIDEBAR) === null) localStorage.setItem(SIDEBAR, "false");
