% Puts the toolboxes of this image behind what is on the path already; run at each start
% of MATLAB by MWI_MATLAB_STARTUP_SCRIPT.
%
% MatNWB makes classes from a file's own schema; the image is read-only, so say where:
%   nwb = nwbRead(file, 'savedir', tempdir);
archive_hub_root = '/opt/toolboxes';
if isfolder(archive_hub_root)
    addpath(fullfile(archive_hub_root, 'matnwb'), '-end');
    addpath(fullfile(archive_hub_root, 'ciatah'), '-end');
    addpath(genpath(fullfile(archive_hub_root, 'cellexplorer')), '-end');
    addpath(genpath(fullfile(archive_hub_root, 'extract')), '-end');
end
clear archive_hub_root
