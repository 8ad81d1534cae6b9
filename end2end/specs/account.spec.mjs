// One's own account and the audit log: with script, and without any.
import { describe } from 'node:test';
import assert from 'node:assert/strict';
import { accessible, inspect, live } from '../helpers/browser.mjs';
import { stage } from '../helpers/stage.mjs';
import { admin, logIn } from '../helpers/steps.mjs';

const second = 'seven tall ships at anchor';

async function fillPasswords(page, present, fresh) {
  await page.getByLabel('Present password').fill(present);
  await page.getByLabel('New password', { exact: true }).fill(fresh);
  await page.getByLabel('New password again').fill(fresh);
  await page.getByRole('button', { name: 'Change password' }).click();
}

describe('accounts and the audit log', () => {
  const { step } = stage();
  const nobody = { storageState: undefined };
  let other;

  step('the login page passes in both themes and on a narrow screen, and says why it refuses', async ({ server, another }) => {
    const { context: stranger, watch } = await another(nobody);
    watch.tolerate = /401/; // Chromium reports the refusal itself
    const login = await stranger.newPage();
    await login.goto(server.url('/login'));
    await inspect(login, 'login');
    await login.getByLabel('Name').fill('nobody');
    await login.getByLabel('Password').fill('not the password');
    await login.getByRole('button', { name: 'Log in' }).click();
    await login.getByText('The name or the password is wrong.').waitFor();
    await accessible(login, 'login, refused');
    await stranger.close();
  });

  step('the profile lists this session and another one', async ({ page, server, another }) => {
    ({ context: other } = await another(nobody));
    await logIn(await other.newPage(), server);
    await page.goto(server.url('/profile'));
    await live(page);
    assert.equal(await page.getByRole('table', { name: 'Your sessions' }).getByRole('row').count(), 3);
    await inspect(page, 'profile');
  });

  step('a common password is refused at its field, another one is taken and ends the other session', async ({ page, watch }) => {
    watch.tolerate = /400/;
    await fillPasswords(page, admin.password, 'passwordpassword');
    await page.locator('#field-password-error').waitFor();
    await accessible(page, 'profile, refused');
    watch.tolerate = null;
    await fillPasswords(page, admin.password, second);
    await page.getByText('The password was changed').waitFor();
    const theirs = other.pages()[0];
    await theirs.getByText('You were logged out.').waitFor({ timeout: 3_000 });
    await other.close();
  });

  step('the audit page filters by its address and turns its pages', async ({ page, server }) => {
    await page.goto(server.url('/audit'));
    await live(page);
    await inspect(page, 'audit');
    await page.getByLabel('Outcome').selectOption('refused');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.waitForURL(/ending=refused/);
    await page.getByText('refused: wrong name or password').waitFor();
    await page.getByLabel('Who').fill('nobody of this name');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByText('No row matches').waitFor();
    await accessible(page, 'audit, empty');
  });

  step('somebody is invited, chooses a password, and has what was granted', async ({ page, server, watch, another }) => {
    await page.goto(server.url('/users'));
    await live(page);
    const roles = page.getByRole('form', { name: 'Make a role' });
    await roles.getByLabel('Name of the role').fill('web');
    await roles.getByLabel('Rows').fill('docker.nothing');
    watch.tolerate = /400/;
    await roles.getByRole('button', { name: 'Save the role' }).click();
    await page.getByText('There is no action').waitFor();
    watch.tolerate = null;
    await roles.getByLabel('Rows').fill('machines.view env=prod\ndocker.containers.* env=prod');
    await roles.getByRole('button', { name: 'Save the role' }).click();
    await page.getByRole('table', { name: 'Custom roles' }).getByRole('rowheader', { name: 'web' }).waitFor();
    const invite = page.getByRole('form', { name: 'Invite somebody' });
    await invite.getByLabel('Name').fill('grace');
    await invite.getByLabel('Role').selectOption('member');
    await invite.getByRole('button', { name: 'Make an invitation' }).click();
    const link = await page.locator('.snippet code').textContent();
    await page.getByRole('table', { name: 'Open invitations' }).waitFor();
    await inspect(page, 'users');
    const { context: theirs } = await another(nobody);
    const guest = await theirs.newPage();
    await guest.goto(link);
    await inspect(guest, 'invitation');
    await guest.getByLabel('Password', { exact: true }).fill('nine small boats at sea');
    await guest.getByLabel('Password again').fill('nine small boats at sea');
    await guest.getByRole('button', { name: 'Make my account' }).click();
    await guest.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.reload();
    await live(page);
    const grant = page.getByRole('form', { name: 'Grant a role' });
    await grant.getByLabel('User').selectOption({ label: 'grace' });
    await grant.getByRole('button', { name: 'Grant it' }).click();
    await page.getByRole('table', { name: 'Grants' }).getByRole('rowheader', { name: 'grace' }).waitFor();
    await guest.goto(server.url('/machines'));
    await live(guest);
    await page.getByRole('button', { name: 'Revoke web from grace' }).click();
    await page.getByRole('table', { name: 'Grants' }).getByRole('rowheader', { name: 'grace' }).waitFor({ state: 'detached' });
    await theirs.close();
    await page.getByRole('link', { name: 'What may somebody do, and why?' }).click();
    await page.getByLabel('User').selectOption({ label: 'grace' });
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('neither role nor grant gives it here').first().waitFor();
    await inspect(page, 'rights');
  });

  step('all of it works without script', async ({ server, another }) => {
    const { context: plain } = await another({ ...nobody, javaScriptEnabled: false });
    const page = await plain.newPage();
    await page.goto(server.url('/profile'));
    await page.getByLabel('Name').fill(admin.name);
    await page.getByLabel('Password').fill(second);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Profile' }).waitFor();
    await fillPasswords(page, 'not my password', admin.password);
    await page.getByText('This is not your present password.').waitFor();
    assert.ok(!page.url().includes('__err'), page.url());
    await page.getByRole('button', { name: 'End all other sessions' }).click();
    await page.getByRole('heading', { level: 1, name: 'Profile' }).waitFor();
    assert.equal(await page.getByRole('table', { name: 'Your sessions' }).getByRole('row').count(), 2);
    await page.goto(server.url('/audit'));
    await page.getByLabel('Action').fill('core.session');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByText('core.session.end').first().waitFor();
    await plain.close();
  });
});
