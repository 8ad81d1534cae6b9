// Every page that there is, with what must be readable on it. `of` is what was planted (helpers/planted.mjs) with
// the ids of the machines; `names` are the machines' names.
import { P2, hostile } from './hostile.mjs';

const asked = hostile('asked');
const query = (...names) => names.map((name) => `${name}=${encodeURIComponent(asked)}`).join('&');
// One segment of a path: no server takes a raw / or control character there.
const segment = encodeURIComponent(asked);

export function pages(of, names) {
  const [shop, store, again, liar] = names;
  const machine = (name, tab = '') => `/machines/${of[name]}${tab}`;
  const loud = `/containers/${of[shop]}/${of.loud.id}`;
  const label = `com.docker.compose.service=${hostile('service')}`;
  const broken = `/containers/${of[shop]}/${of.broken.id}`;
  return [
    ['/', [shop, again, liar]],
    ['/machines', names],
    ['/machines?view=cards', names],
    [`/machines?${query('q')}`, [asked, 'No machine fits']],
    [`/machines?${query('tag', 'state', 'sort', 'view', 'page')}`, [asked]],
    ['/machines/new', [`${shop} (`]], // the key that all of them have, by its first machine
    [machine(shop), [shop, again, hostile('notes'), ...of.facts]],
    [machine(shop, '/containers'), [shop, 'loud', 'broken']],
    [machine(shop, '/connection'), [shop, again]],
    [machine(shop, '/history'), [shop]],
    [machine(shop, '/settings'), [shop, hostile('notes'), `PollySystem forgets ${shop} (`, `Type its name, ${shop}, to delete it`]],
    [machine(shop, `/${segment}`), ['There is no such tab']],
    [machine(store), [store, of.socket]],
    [machine(store, '/settings'), [store, of.socket]],
    [machine(again), [again, shop]],
    [machine(liar), [liar, of.kinds]],
    [machine(liar, '/connection'), [liar, of.kinds]],
    ['/containers', [shop, 'loud', 'broken']],
    [`/containers?${query('q', 'host', 'label', 'image', 'state', 'health', 'sort', 'per', 'page', 'cols')}`,
      [`“${asked}”`, ...['host', 'label', 'image'].map((name) => `${name}: ${asked}`)]],
    [`/containers?host=${encodeURIComponent(shop)}&label=${encodeURIComponent(label)}`, ['loud', `host: ${shop}`, `label: ${label}`]],
    [loud, [shop, ...of.loud.overview]],
    [`${loud}?tab=logs`, of.loud.logs],
    [`${loud}?tab=logs&${query('wrap', 'times', 'stream')}&q=${encodeURIComponent(P2[3])}`, of.loud.logs],
    [`${loud}?tab=config`, of.loud.config],
    [`${loud}?tab=attached`, of.loud.attached],
    [`${loud}?${query('tab', '__err', '__path')}`, ['loud']],
    [broken, [shop, of.broken.error]],
    ['/activity', [`Start broken on ${shop}`]],
    [of.job, [`Start broken on ${shop}`, of.broken.error]],
    [`${of.job}?${query('show')}`, [of.broken.error]],
    ['/settings', []],
    ['/audit', [shop, again]],
    [`/audit?${query('actor', 'action', 'object')}`, []],
    ['/profile', ['admin']],
    ['/users', ['admin']],
    [`/users/rights?${query('user', 'place')}`, []],
    ['/monitoring', []],
    [`/monitoring?${query('range', 'q')}#${segment}`, []],
    [`/nowhere/${segment}`, []],
  ];
}

// What somebody sees who has not logged in.
export const strangerPages = [
  ['/login', ['Log in']],
  [`/login?${query('next', 'name', '__err', '__path')}#${segment}`, ['Log in']],
  ['/setup', []],
  [`/setup?${query('code', 'name')}`, []],
  [`/machines/${segment}?${query('q')}`, ['Log in']],
  [`/invite?${query('code', '__err')}`, []],
];
