// One's own account and the audit log: with script, and without any.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server } from '../helpers/server.mjs';
import { accessible, inspect, launch, live, openContext } from '../helpers/browser.mjs';
import { admin, logIn, setUp, story } from '../helpers/steps.mjs';

const second = 'seven tall ships at anchor';

async function fillPasswords(page, present, fresh) {
  await page.getByLabel('Present password').fill(present);
  await page.getByLabel('New password', { exact: true }).fill(fresh);
  await page.getByLabel('New password again').fill(fresh);
  await page.getByRole('button', { name: 'Change password' }).click();
}

describe('accounts and the audit log', () => {
  let server, browser, context, watch, page, other, plain;
  const step = story(test, () => ({ context, watch, server }));

  before(async () => {
    server = await Server.start();
    browser = await launch();
    ({ context, watch } = await openContext(browser));
    page = await context.newPage();
    await setUp(page, server);
  });
  after(async () => {
    await browser?.close();
    await server?.remove();
  });

  step('the login page passes in both themes and on a narrow screen, and says why it refuses', async () => {
    const { context: stranger } = await openContext(browser);
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

  step('the profile lists this session and another one', async () => {
    ({ context: other } = await openContext(browser));
    await logIn(await other.newPage(), server);
    await page.goto(server.url('/profile'));
    await live(page);
    assert.equal(await page.getByRole('table', { name: 'Your sessions' }).getByRole('row').count(), 3);
    await inspect(page, 'profile');
  });

  step('a common password is refused at its field, another one is taken and ends the other session', async () => {
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
    watch.check();
  });

  step('the audit page filters by its address and turns its pages', async () => {
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
    watch.check();
  });

  step('all of it works without script', async () => {
    ({ context: plain } = await openContext(browser, { javaScriptEnabled: false }));
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
