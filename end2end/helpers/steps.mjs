// What a person does on the pages, by role and accessible name.
import { live } from './browser.mjs';

export const admin = { name: 'admin', password: 'correct horse battery staple' };

// The set-up page, from any address: makes the first admin and ends on the overview.
export async function setUp(page, server) {
  await page.goto(server.url('/'));
  await page.getByLabel('Set-up code').fill(await server.setupCode());
  await page.getByLabel('Name').fill(admin.name);
  await page.getByLabel('Password', { exact: true }).fill(admin.password);
  await page.getByLabel('Password again').fill(admin.password);
  await page.getByRole('button', { name: 'Create admin' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}

export async function logIn(page, server) {
  await page.goto(server.url('/login'));
  await page.getByLabel('Name').fill(admin.name);
  await page.getByLabel('Password').fill(admin.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}

// Fills the form for a host and sends it; ends on the machine's page, which waits for a decision on its keys.
export async function addHost(page, { name, address, port, user, key }) {
  const form = page.getByRole('form', { name: 'Add a host over SSH' });
  await form.getByLabel('Name').fill(name);
  await form.getByLabel('Address').fill(address);
  await form.getByLabel('Port').fill(String(port ?? 22));
  await form.getByLabel('User').fill(user);
  if (key) {
    await form.getByRole('radio', { name: /Paste a private key/ }).check();
    await form.getByLabel('Private key', { exact: true }).fill(key);
  }
  await form.getByRole('button', { name: 'Add host' }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

// The row of a table by the text of its first cell.
export const row = (page, name) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: false }) });

// Follows a link of the rail, as hydrated pages do: without a load.
export async function go(page, label) {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: label }).click();
  await page.getByRole('heading', { level: 1, name: label }).waitFor();
  await live(page);
}

// Opens a tab of the page of one object.
export async function openTab(page, label) {
  const tab = page.getByRole('navigation', { name: 'Machine' }).getByRole('link', { name: label });
  await tab.click();
  await page.locator('.tab[aria-current="page"]', { hasText: label }).waitFor();
}

// Tab after Tab until the focus is on `target`, as somebody without a mouse gets there.
export async function tabTo(page, target, most = 80) {
  for (let n = 0; n < most; n++) {
    if (await target.evaluate((element) => element === document.activeElement).catch(() => false)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${target} cannot be reached by ${most} times Tab`);
}
