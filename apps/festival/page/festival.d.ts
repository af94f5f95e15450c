// What a festival adds to panda.js, for the pages of a site that has it.

import type { Progress } from "../../../web/panda/panda.d.ts";
import type { Session } from "../../../web/pages/shared/session.js";
import type { Panda } from "../../../web/pages/shared/types.js";

export type FestivalSession = Session<FestivalPanda>;

// What follows is made by tools/reference.py.

/** What the worker says of itself besides. */
export interface FestivalPanda extends Panda {
  /** The schema of a festival's talks. */
  readonly talkSchema: string;
  /** The schema of the rooms that talks lead to. */
  readonly roomSchema: string;
  /** The schema of what authors call themselves. */
  readonly profileSchema: string;

  /**
   * What of a schedule is new, has changed since this author published it, or is no longer in it; publishes nothing.
   * Schedules are JSON as frab, pretalx and c3voc write it, or XML as frab does.
   */
  planImport(text: string, options?: {
    signal?: AbortSignal;
  }): Promise<ImportPlan>;

  /**
   * Publishes what of a schedule is new or has changed, and the rooms; run again, it goes on, and nothing is there
   * twice.
   */
  importSchedule(text: string, options?: {
    /** Delete what is published and no longer in the file. */
    withdraw?: boolean;
    /** Publish again what this author has deleted. */
    restore?: boolean;
    onProgress?: (progress: Progress) => void;
    signal?: AbortSignal;
  }): Promise<Imported>;

  /** The id of the author's own room of this name, for the `room` of a talk; it is published if there is none. */
  room(name: string): Promise<string>;

  /**
   * Where each of these talks stands, in their order: in the programme of some authors, or beside it, or behind
   * another one that is the same event. The order of the talks decides nothing.
   */
  arrange(talks: readonly SaidTalk[], options?: {
    /** Whose talks are the programme, whose word counts most first; everybody's unless given. */
    authors?: readonly string[];
    /** Authors of whom nothing is shown. */
    muted?: readonly string[];
  }): Promise<Standing[]>;

  /**
   * Talks as a file: iCalendar, or schedule JSON, which `importSchedule` takes in again. The text is JSON, an array
   * of `ToldTalk`, whose order decides nothing.
   */
  programmeFile(text: string, format: string, options?: {
    /** What the event is called. */
    name?: string;
    signal?: AbortSignal;
  }): Promise<ProgrammeFile>;

  /** Publishes what this author calls themselves, or changes it. With an empty name it is deleted. */
  writeProfile(name: string, options?: {
    /** A line about them. */
    about?: string;
  }): Promise<ProfileWritten>;
}

/** What the worker says of itself besides. */
export interface Says {
  /** The schema of a festival's talks. */
  talkSchema: string;
  /** The schema of the rooms that talks lead to. */
  roomSchema: string;
  /** The schema of what authors call themselves. */
  profileSchema: string;
}

/** A talk, by its title, and which of its fields have changed. */
export interface ChangedTalk {
  talk: string;
  fields: string[];
}

/** A value of a schedule that is not published: no talk can hold it, or the node cannot take it. */
export interface LeftOut {
  talk: string;
  field: string;
  value: string;
  why: string;
}

/** What an import would do, in titles of talks. */
export interface ImportPlan {
  new: string[];
  changed: ChangedTalk[];
  /** Published, and no longer in the file. */
  withdrawn: string[];
  /** In the file, and deleted by this author before. */
  deleted: string[];
  unchanged: number;
  /** Talks in the file. */
  total: number;
  leftOut: LeftOut[];
  /** False where another copy of the key may have deleted talks: those count as new here. */
  knowsDeleted: boolean;
}

/** How many talks an import published, changed, deleted, and found as they are in the file. */
export interface Imported {
  published: number;
  updated: number;
  withdrawn: number;
  unchanged: number;
  leftOut: LeftOut[];
  /** Talks in the file. */
  total: number;
}

/** A talk, as far as it is judged by where it stands. */
export interface SaidTalk {
  id: string;
  author: string;
  /** How schedule files know it again. */
  guid?: string;
  title?: string;
  start?: string;
}

/** Where a talk is shown. */
export interface Standing {
  place: "programme" | "proposed" | "muted";
  /** The id of the talk that is shown in its place, and leads to it; null where it is shown itself. */
  behind: string | null;
  /** Whether that one says something else: another title, or another start. */
  differs: boolean;
}

/** A talk as it is published, for a file. */
export interface ToldTalk {
  id: string;
  /** Of the last entry about it. */
  seqNum: number;
  /** Its fields; the room is a name here. */
  fields: Record<string, unknown>;
}

/** A programme as a file. */
export interface ProgrammeFile {
  text: string;
  /** In the file. */
  talks: number;
  /** Talks that are not in the file, since they have no time, and a calendar needs one. */
  untimed: number;
}

/** Why a profile waits, or what the node says against it; as `WriteError` of `panda.js`. */
export interface ProfileError {
  reason: string;
  message: string;
  words: string | null;
}

/** What came of writing a profile. */
export interface ProfileWritten {
  acknowledged: boolean;
  error: ProfileError | null;
}
