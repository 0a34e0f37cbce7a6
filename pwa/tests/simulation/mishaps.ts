/** What happens to devices, networks and the server, whatever people do. */
import type { Device } from "./device";
import type { World } from "./world";

/** Something that may happen to a device; gives nothing where it can't. */
export interface Mishap {
  readonly name: string;
  /** How often, among the others. */
  readonly weight: number;
  on(world: World, device: Device): (() => void) | undefined;
}

const DAY = 24 * 3_600_000;

export const MISHAPS: readonly Mishap[] = [
  {
    name: "page killed",
    weight: 5,
    on: (world, device) => (device.pages.length > 0 ? () => world.random.pick(device.pages).end() : undefined),
  },
  {
    name: "page reloaded",
    weight: 4,
    on(world, device) {
      if (device.pages.length === 0) return undefined;
      return () => {
        world.random.pick(device.pages).end();
        device.open();
      };
    },
  },
  {
    name: "page opened",
    weight: 3,
    on: (_, device) => (device.pages.length < 2 ? () => void device.open() : undefined),
  },
  {
    name: "battery empty",
    weight: 2,
    on: (world, device) => () => {
      device.endAll();
      device.disk.loseRelaxed();
      world.words.loseRelaxed(device);
    },
  },
  {
    name: "disk full",
    weight: 1,
    on: (_, device) =>
      device.disk.full
        ? undefined
        : () => {
            device.disk.full = true;
          },
  },
  {
    name: "disk has room again",
    weight: 8,
    on: (_, device) =>
      device.disk.full
        ? () => {
            device.disk.full = false;
          }
        : undefined,
  },
  {
    name: "network in trouble",
    weight: 5,
    on: (world, device) =>
      device.wire.trouble
        ? undefined
        : () => {
            device.wire.trouble = world.random.pick(["away", "away", "portal", "sick"] as const);
          },
  },
  {
    name: "network back",
    weight: 12,
    on: (_, device) =>
      device.wire.trouble
        ? () => {
            device.wire.trouble = undefined;
          }
        : undefined,
  },
  {
    name: "session ended from elsewhere",
    weight: 1,
    on(world, device) {
      const { session } = device.wire;
      return session === undefined ? undefined : () => void world.server().sessions.delete(session);
    },
  },
  {
    name: "clock jumps",
    weight: 1,
    on: (world, device) => () => {
      device.ahead += world.random.pick([-DAY, DAY]);
    },
  },
  {
    name: "time goes by",
    weight: 4,
    on: (world) => () => {
      world.scheduler.now += world.random.pick([12_000, 90_000, 3_600_000]);
    },
  },
  {
    name: "store thrown away",
    weight: 0.5,
    on: (world, device) => () => {
      world.words.lose(device, "store thrown away");
      world.forgetClosed(device);
      device.endAll();
      device.disk.loseAll();
    },
  },
  {
    name: "backup",
    weight: 1,
    on: (world) => () => world.takeBackup(),
  },
  {
    name: "server restored",
    weight: 0.7,
    on(world) {
      const { backup } = world;
      if (!backup) return undefined;
      return () => {
        world.backup = undefined;
        backup.restore();
        world.words.restore(backup.sent, world.server().incarnation);
      };
    },
  },
];
